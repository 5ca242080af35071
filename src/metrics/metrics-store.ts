import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricConfiguration,
  Registry,
} from 'prom-client';
import { type LabelsOf, METRICS, type MetricDefinition, type Sample } from './catalogue.ts';

type Known = Counter | Gauge | Histogram;

/** Keeps what is counted, and asks for what is seen when somebody looks. */
export interface Metrics {
  /** Counters grow by the values, histograms take them in. */
  count(samples: readonly Sample[]): void;
  /** @param look gives the gauges of one part as they are now; asked at every scrape */
  watch(look: () => readonly Sample[]): void;
  /** In the text format of Prometheus. */
  render(): Promise<string>;
  readonly contentType: string;
}

/**
 * How often it is looked whether the event loop is late, which is also what its quantiles show at rest. As often as the
 * library does it by itself, every 10 ms, a process that has nothing to do would use half a percent of a core for that.
 */
const LOOP_DELAY_MS = 100;

/** Also those of the process itself: event-loop lag, memory, CPU time, garbage collections. */
export function createMetrics(build: LabelsOf<'autopilot_build_info'>): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_DELAY_MS });
  const known = new Map<string, Known>();
  for (const [name, definition] of Object.entries(METRICS)) {
    known.set(name, metricOf(name, definition, registry));
  }
  const looks: (() => readonly Sample[])[] = [
    () => [{ name: 'autopilot_build_info', labels: build, value: 1 }],
  ];
  return {
    contentType: registry.contentType,
    count(samples) {
      for (const { name, labels, value } of samples) {
        const metric = known.get(name);
        if (metric instanceof Counter) metric.inc(labels, value);
        else if (metric instanceof Histogram) metric.observe(labels, value);
      }
    },
    watch(look) {
      looks.push(look);
    },
    render() {
      // What was seen before and is not there any more must not stay.
      for (const metric of known.values()) if (metric instanceof Gauge) metric.reset();
      for (const { name, labels, value } of looks.flatMap((look) => look())) {
        const metric = known.get(name);
        if (metric instanceof Gauge) metric.set(labels, value);
      }
      return registry.metrics();
    },
  };
}

function metricOf(name: string, definition: MetricDefinition, registry: Registry): Known {
  const { kind, help, labels, buckets } = definition;
  const common: MetricConfiguration<string> = {
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  };
  switch (kind) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, ...(buckets && { buckets: [...buckets] }) });
  }
}
