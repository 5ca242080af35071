import type { Condition } from '../api/meta.ts';
import type { Reason } from '../api/reasons.ts';

/**
 * - `Accepted`: preflight found nothing that forbids the run
 * - `RollingOut`: targets are being updated
 * - `Waiting`: nothing can be done at this moment; the message says for what
 * - `Completed`: every target has its version
 * - `Failed`: the run ended otherwise; the message says what is true of each node and what to do
 * - `WellFormed`: False where the spec says what k0s accepts and should not; there only then
 * - `RolledBack`: all that was to be put back was; there only where something was to be
 * - `Followed`, `UpToDate`: of an UpdateConfig; see src/api/update-config.ts
 */
export type ConditionType =
  | 'Accepted'
  | 'RollingOut'
  | 'Waiting'
  | 'Completed'
  | 'Failed'
  | 'RolledBack'
  | 'WellFormed'
  | 'Followed'
  | 'UpToDate';

export interface ConditionNews {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

/** @returns the conditions with one of them set; its time moves only when its status does */
export function withCondition(
  conditions: readonly Condition[],
  news: ConditionNews,
  generation: number,
  nowMs: number,
): Condition[] {
  const before = conditions.find((condition) => condition.type === news.type);
  const next: Condition = {
    ...news,
    observedGeneration: generation,
    lastTransitionTime:
      before?.status === news.status ? before.lastTransitionTime : new Date(nowMs).toISOString(),
  };
  return before === undefined
    ? [...conditions, next]
    : conditions.map((condition) => (condition.type === news.type ? next : condition));
}
