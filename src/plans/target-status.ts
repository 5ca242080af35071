import type { TargetPhase, TargetState, TargetStatus } from '../api/plan.ts';
import type { Step } from './step.ts';
import type { Target } from './target.ts';

/**
 * What is written down of a target after one look; its time moves only when its phase or state does.
 * @param begunIn its batch, where it is a worker that was begun
 */
export function statusAfter(
  target: Target,
  step: Step,
  nowMs: number,
  begunIn?: number,
): TargetStatus {
  const { status } = target;
  const batch = begunIn ?? status.batch;
  const state = stateOf(step);
  const moved = status.phase !== step.phase || status.state !== state;
  // The very same object: of thousands of targets, few change between two looks.
  const cordoned = wasCordoned(target);
  const isKept = status.batch === batch && (status.cordoned === true) === cordoned;
  if (!moved && step.anew !== true && isKept && saysTheSame(status, step)) return status;
  const now = new Date(nowMs).toISOString();
  const startedAt = isTouched(step.phase) ? (status.startedAt ?? now) : status.startedAt;
  return {
    name: status.name,
    state,
    lastUpdatedTimestamp: moved ? now : status.lastUpdatedTimestamp,
    ...(startedAt === undefined ? {} : { startedAt }),
    phase: step.phase,
    ...(step.reason === undefined ? {} : { reason: step.reason }),
    ...(step.message === undefined ? {} : { message: step.message }),
    ...(status.previousVersion === undefined ? {} : { previousVersion: status.previousVersion }),
    attempts: (status.attempts ?? 1) + (step.anew === true ? 1 : 0),
    ...(batch === undefined ? {} : { batch }),
    ...(cordoned ? { cordoned: true } : {}),
    ...(step.deadlineMs === undefined ? {} : { deadline: new Date(step.deadlineMs).toISOString() }),
    ...(step.blockedBy === undefined ? {} : { blockedBy: step.blockedBy }),
  };
}

/** By somebody else, before the run or before it came to the node; until somebody has lifted it. */
function wasCordoned({ status, node, marked }: Target): boolean {
  if (node?.unschedulable !== true) return false;
  return status.cordoned === true || (marked && node.cordon?.ours === false);
}

function isTouched(phase: TargetPhase): boolean {
  return phase === 'Draining' || phase === 'Applying';
}

function saysTheSame(status: TargetStatus, step: Step): boolean {
  const { reason, message, deadlineMs, blockedBy } = step;
  return (
    status.reason === reason &&
    status.message === message &&
    status.blockedBy === blockedBy &&
    status.attempts !== undefined &&
    isSameTime(status.deadline, deadlineMs)
  );
}

function isSameTime(text: string | undefined, ms: number | undefined): boolean {
  if (text === undefined || ms === undefined) return text === undefined && ms === undefined;
  return Date.parse(text) === ms;
}

/** k0s's word for where a target stands. */
function stateOf(step: Step): TargetState {
  switch (step.phase) {
    case 'Pending':
      return 'SignalPending';
    case 'Committed':
      return 'SignalCompleted';
    case 'Skipped':
      return step.reason === 'AlreadyUpdated' ? 'SignalCompleted' : 'SignalPending';
    case 'Undone':
      return 'SignalApplyFailed';
    case 'Failed':
      return step.reason === 'NodeVanished' ? 'SignalMissingNode' : 'SignalApplyFailed';
    default:
      return 'SignalSent';
  }
}
