import * as z from 'zod';
import type { GateSpec } from '../api/policy-gates.ts';
import { clip, type GateAnswer, listed, unknown } from './answer.ts';

export type PrometheusSpec = NonNullable<GateSpec['prometheus']>;

const sampleSchema = z.tuple([z.number(), z.string()]);

/** @see https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
const answerSchema = z.union([
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
  z.object({
    status: z.literal('success'),
    data: z.union([
      z.object({
        resultType: z.literal('vector'),
        result: z.array(
          z.object({
            metric: z.record(z.string(), z.string()),
            // A native histogram has no single value.
            value: sampleSchema.optional(),
          }),
        ),
      }),
      z.object({ resultType: z.literal('scalar'), result: sampleSchema }),
      z.object({ resultType: z.literal('matrix') }),
      z.object({ resultType: z.literal('string') }),
    ]),
  }),
]);

interface Sample {
  /** As Prometheus writes it: `{job="api"}`; empty where there are no labels. */
  readonly labels: string;
  /** NaN where there is none. */
  readonly value: number;
}

/** @returns the address of an instant query, below whatever path the server is at */
export function queryUrl({ url, query }: PrometheusSpec): string {
  const asked = new URL(url);
  asked.pathname = `${asked.pathname.replace(/\/+$/, '')}/api/v1/query`;
  asked.searchParams.set('query', query);
  return asked.href;
}

/** @param body of any HTTP status: an error is told by 400, 422 or 503 and a body of the same form */
export function judgePrometheus(
  spec: PrometheusSpec,
  { status, body }: { readonly status: number; readonly body: string },
): GateAnswer {
  const read = answerSchema.safeParse(parsed(body));
  if (!read.success) {
    return unknown(
      `wanted an answer of Prometheus, found HTTP ${status} with another body at ${spec.url}`,
    );
  }
  const answer = read.data;
  if (answer.status === 'error') {
    return unknown(`${spec.url} says ${answer.errorType}: ${clip(answer.error)}`);
  }
  const { data } = answer;
  switch (data.resultType) {
    case 'scalar':
      return judgeSamples(spec, [{ labels: '', value: numberOf(data.result[1]) }]);
    case 'vector':
      return judgeSamples(
        spec,
        data.result.map(({ metric, value }) => ({
          labels: labelsOf(metric),
          value: numberOf(value?.[1]),
        })),
      );
    default:
      return unknown(`wanted an instant vector or a scalar, found a ${data.resultType}`);
  }
}

function judgeSamples(spec: PrometheusSpec, samples: readonly Sample[]): GateAnswer {
  const { atMost, atLeast, empty = 'Unknown' } = spec;
  if (samples.length === 0) {
    const outcome = ({ Pass: 'pass', Fail: 'fail', Unknown: 'unknown' } as const)[empty];
    return { outcome, message: 'the query has found no sample' };
  }
  const isBad = ({ value }: Sample) =>
    (atMost !== undefined && value > atMost) || (atLeast !== undefined && value < atLeast);
  const bad = samples.filter(isBad);
  const wanted = [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ].join(' and ');
  // One that is certainly wrong is no, whatever another one would have been.
  if (bad.length > 0) {
    return { outcome: 'fail', message: `wanted ${wanted}, found ${described(bad)}` };
  }
  const missing = samples.filter(({ value }) => Number.isNaN(value));
  if (missing.length > 0) {
    return unknown(`wanted ${wanted}, found ${described(missing)}`);
  }
  return { outcome: 'pass', message: `wanted ${wanted}, found ${described(samples)}` };
}

function described(samples: readonly Sample[]): string {
  return listed(
    samples.map(({ labels, value }) => clip(`${value} ${labels}`, 120)),
    3,
  );
}

/** `+Inf` and `-Inf` are numbers like others. */
function numberOf(text: string | undefined): number {
  if (text === undefined || text === '') return Number.NaN;
  return Number(text.replace(/^([+-]?)Inf$/, '$1Infinity'));
}

function labelsOf({ __name__: name = '', ...labels }: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
