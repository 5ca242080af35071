import type { TargetPhase, TargetStatus } from '../api/plan.ts';
import type { LastingTarget } from '../api/plan-targets.ts';
import { isFinal } from './target.ts';

/** What a target was told is a message for people: its beginning says what has happened. */
const LONGEST_MESSAGE = 300;

/** Its end, and what only we know: why it is held, or was told to go back. */
function isTold(phase: TargetPhase | undefined): boolean {
  return isFinal(phase) || phase === 'Held' || phase === 'Undoing';
}

/**
 * What of a target cannot be observed again, in an order of fields that never changes: two of the same text say
 * the same.
 * @param since when the run began
 */
export function lastingOfTarget(status: TargetStatus, since: string): LastingTarget {
  const { phase = 'Pending', lastUpdatedTimestamp: at, message } = status;
  const told = isTold(phase);
  const isAgain = phase === 'Pending' && at !== since;
  return {
    name: status.name,
    ...(told ? { state: status.state } : {}),
    ...(told || isAgain ? { lastUpdatedTimestamp: at } : {}),
    ...(status.startedAt === undefined ? {} : { startedAt: status.startedAt }),
    ...(told ? { phase } : {}),
    ...(told && status.reason !== undefined ? { reason: status.reason } : {}),
    ...(told && message !== undefined ? { message: shortened(message) } : {}),
    ...(status.previousVersion === undefined ? {} : { previousVersion: status.previousVersion }),
    ...(status.attempts === undefined ? {} : { attempts: status.attempts }),
    ...(status.batch === undefined ? {} : { batch: status.batch }),
    ...(status.cordoned === true ? { cordoned: true } : {}),
  };
}

/** The target as a look begins with it; where it is on its way, the world says how far it has come. */
export function targetOfLasting(lasting: LastingTarget, since: string): TargetStatus {
  return {
    ...lasting,
    state: lasting.state ?? 'SignalPending',
    phase: lasting.phase ?? 'Pending',
    lastUpdatedTimestamp: lasting.lastUpdatedTimestamp ?? since,
  };
}

function shortened(message: string): string {
  return message.length <= LONGEST_MESSAGE
    ? message
    : `${message.slice(0, LONGEST_MESSAGE - 4)} ...`;
}
