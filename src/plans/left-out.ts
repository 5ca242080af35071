import type { K0sVersion } from '../api/k0s-version.ts';
import type { Reason } from '../api/reasons.ts';
import type { HostFacts } from './facts.ts';

/** Why a node is left out of a command, though it is a target. */
export interface LeftOut {
  readonly reason: Reason;
  readonly message: string;
}

/**
 * Whether an annotation of the node leaves it out at this moment; one that has expired says nothing.
 * @param wanted what the command brings; undefined for a bundle, of which no pin speaks
 */
export function leftOut(
  host: Pick<HostFacts, 'exemptions'> | undefined,
  wanted: K0sVersion | undefined,
  nowMs: number,
): LeftOut | undefined {
  for (const one of host?.exemptions ?? []) {
    switch (one.kind) {
      case 'unreadable':
        return { reason: 'OptedOut', message: `left out to be safe: ${one.message}` };
      case 'optOut':
        if (nowMs < one.untilMs) {
          return { reason: 'OptedOut', message: `opted out until ${iso(one.untilMs)}` };
        }
        break;
      case 'pin':
        if (wanted !== undefined && one.version !== wanted.text && isOpen(one.untilMs, nowMs)) {
          const until = one.untilMs === undefined ? '' : ` until ${iso(one.untilMs)}`;
          return { reason: 'Pinned', message: `pinned to ${one.version}${until}` };
        }
    }
  }
  return undefined;
}

/** Whether a target was passed over for what its node says, which is no failure. */
export function wasLeftOut({
  phase,
  reason,
}: {
  readonly phase?: string | undefined;
  readonly reason?: string | undefined;
}): boolean {
  return phase === 'Skipped' && (reason === 'OptedOut' || reason === 'Pinned');
}

function isOpen(untilMs: number | undefined, nowMs: number): boolean {
  return untilMs === undefined || nowMs < untilMs;
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
