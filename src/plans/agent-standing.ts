import { STALE_AFTER_HEARTBEATS } from './deadlines.ts';
import type { HostFacts } from './facts.ts';

/** Whether somebody is there to carry out an order on a host. */
export type AgentStanding =
  | { readonly kind: 'fresh' }
  /** It has reported, but not for longer than it promised. */
  | { readonly kind: 'stale'; readonly ageMs: number; readonly toleratedMs: number }
  /** There is no report that can be read; `why` continues "it has no agent: ". */
  | { readonly kind: 'missing'; readonly why: string };

/**
 * @param serverNowMs by the API server's clock; undefined before its first answer
 * @returns how long ago the agent wrote; undefined: not known. Never negative: stamps are cut to seconds
 */
export function reportAgeMs(
  { reportedAtMs }: Pick<HostFacts, 'reportedAtMs'>,
  serverNowMs: number | undefined,
): number | undefined {
  if (reportedAtMs === undefined || serverNowMs === undefined) return undefined;
  return Math.max(0, serverNowMs - reportedAtMs);
}

/** @param serverNowMs as of {@link reportAgeMs} */
export function agentStanding(
  host: Pick<HostFacts, 'report' | 'reportedAtMs'>,
  serverNowMs: number | undefined,
): AgentStanding {
  const { report } = host;
  if (report.kind !== 'valid') {
    return {
      kind: 'missing',
      why: report.kind === 'absent' ? 'it has never reported' : report.message,
    };
  }
  const toleratedMs = report.value.agent.heartbeatMs * STALE_AFTER_HEARTBEATS;
  const ageMs = reportAgeMs(host, serverNowMs);
  return ageMs !== undefined && ageMs > toleratedMs
    ? { kind: 'stale', ageMs, toleratedMs }
    : { kind: 'fresh' };
}
