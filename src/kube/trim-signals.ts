import { ANNOTATION } from '../api/meta.ts';
import type { HostFacts } from '../plans/facts.ts';
import { type Order, type Parsed, readOrder } from '../signals/order.ts';
import { type Report, readReport } from '../signals/report.ts';
import { type Exemption, parseExemptions } from '../targets/exemption.ts';
import type { RawMeta } from './raw.ts';

/** Writes the report, and nothing else does: the time of its last write is the age of the report. */
export const AGENT_FIELD_MANAGER = 'autopilot-agent';

/** What Node and ControlNode have in common: who they are, and the two annotations of a signal. */
export interface TrimmedTarget {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly orderText: string | undefined;
  readonly order: Parsed<Order>;
  readonly reportText: string | undefined;
  readonly report: Parsed<Report>;
  /** When the API server stamped the agent's last write, in epoch milliseconds by its clock. */
  readonly reportedAtMs: number | undefined;
  readonly exemptions: readonly Exemption[] | undefined;
}

/**
 * @param previous what was made of the object before: an annotation whose text has not changed is not
 *   parsed again, and its value stays the same object
 */
export function trimSignals(metadata: RawMeta, previous: TrimmedTarget | undefined): TrimmedTarget {
  const orderText = metadata.annotations?.[ANNOTATION.order];
  const reportText = metadata.annotations?.[ANNOTATION.report];
  const labels = metadata.labels ?? {};
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    labels: previous && sameLabels(previous.labels, labels) ? previous.labels : labels,
    orderText,
    order: previous && previous.orderText === orderText ? previous.order : readOrder(orderText),
    reportText,
    report:
      previous && previous.reportText === reportText ? previous.report : readReport(reportText),
    reportedAtMs: reportText === undefined ? undefined : agentWroteAtMs(metadata),
    exemptions: parseExemptions(metadata.annotations),
  };
}

/** The agent may have written at several places (labels, status): its newest write tells that it lives. */
function agentWroteAtMs(metadata: RawMeta): number | undefined {
  let newest: number | undefined;
  for (const { manager, time } of metadata.managedFields ?? []) {
    if (manager !== AGENT_FIELD_MANAGER || time === undefined) continue;
    const atMs = Date.parse(time);
    if (newest === undefined || atMs > newest) newest = atMs;
  }
  return newest;
}

function sameLabels(a: Readonly<Record<string, string>>, b: typeof a): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Keys such as `linux-amd64` that choose the artifact. @see k0s docs/autopilot.md, platforms */
export function platformOf(labels: Readonly<Record<string, string>>): string | undefined {
  const os = labels['kubernetes.io/os'];
  const arch = labels['kubernetes.io/arch'];
  return os && arch ? `${os}-${arch}` : undefined;
}

/** What Node and ControlNode tell in the same way. */
export function hostFacts(target: TrimmedTarget): HostFacts {
  return {
    name: target.name,
    uid: target.uid,
    labels: target.labels,
    platform: platformOf(target.labels),
    order: target.order,
    orderText: target.orderText,
    report: target.report,
    reportedAtMs: target.reportedAtMs,
    exemptions: target.exemptions,
  };
}
