import { STALE_AFTER_HEARTBEATS } from './deadlines.ts';
import type { HostFacts } from './facts.ts';

/** Whether somebody is there to carry out an order on a host. */
export type AgentStanding =
  | { readonly kind: 'fresh' }
  /** It has reported, but not for longer than it promised. */
  | { readonly kind: 'stale'; readonly ageMs: number; readonly toleratedMs: number }
  /** There is no report that can be read; `why` continues "it has no agent: ". */
  | { readonly kind: 'missing'; readonly why: string };

export function agentStanding({
  report,
  reportAgeMs,
}: Pick<HostFacts, 'report' | 'reportAgeMs'>): AgentStanding {
  if (report.kind !== 'valid') {
    return {
      kind: 'missing',
      why: report.kind === 'absent' ? 'it has never reported' : report.message,
    };
  }
  const toleratedMs = report.value.agent.heartbeatMs * STALE_AFTER_HEARTBEATS;
  return reportAgeMs !== undefined && reportAgeMs > toleratedMs
    ? { kind: 'stale', ageMs: reportAgeMs, toleratedMs }
    : { kind: 'fresh' };
}
