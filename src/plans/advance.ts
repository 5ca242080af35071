import { MAX_BLOCKED_BY, type TargetPhase } from '../api/plan.ts';
import { isReason, type Reason } from '../api/reasons.ts';
import { drainRulesOf } from '../drain/judge/drain-rules.ts';
import { type DrainView, describeDrain, judgeDrain } from '../drain/judge/judge-drain.ts';
import { controllerGate, type GateResult, workerGate } from '../health/node-gate.ts';
import type { Goal } from '../signals/order.ts';
import type { UpdateCourse } from './course.ts';
import { deadlineOf, gateMs, settleMs, sinceMs } from './deadlines.ts';
import type { Action } from './facts.ts';
import { isBusyElsewhere } from './give-order.ts';
import { NOT_DRAINED } from './hybrid.ts';
import { orderAgain } from './order-again.ts';
import { STAGED } from './parked.ts';
import { quarantineOf } from './quarantine.ts';
import { settled } from './settled.ts';
import { calledBack, downloading } from './staging.ts';
import { callBack, fail, giveBack, kept, type Step, say, seconds, why } from './step.ts';
import { isCalledBack, isFinal, phaseOf, type Target } from './target.ts';

/**
 * Judges one target of a `k0supdate` on its own. Giving it something to do that costs others (a download, a
 * slot) is the schedule's; going on, giving up and cleaning up are here. A final phase never changes again.
 */
export function advance(target: Target, course: UpdateCourse): Step {
  const phase = phaseOf(target);
  if (isFinal(phase)) return atTheEnd(target, phase);
  if (target.host === undefined) {
    const kind = target.role === 'worker' ? 'Node' : 'ControlNode';
    return fail('NodeVanished', `${kind} ${target.name} was deleted while it was under way`);
  }
  const ended = settled(target, target.order, course);
  if (ended !== undefined) return ended;
  if (target.order === undefined) return withoutOrder(target, phase, course);
  switch (phase) {
    case 'Downloading':
      return downloading(target, course);
    case 'Staged':
      return staged(target, course);
    case 'Draining':
      return draining(target, course);
    case 'Applying':
      return applying(target, course);
    case 'OnTrial':
      return onTrial(target, course);
    case 'Held':
      return held(target, course);
    default:
      return awaitingReport(target, phase, course);
  }
}

function atTheEnd(target: Target, phase: TargetPhase): Step {
  return { ...kept(target), phase, actions: giveBack(target) };
}

function withoutOrder(target: Target, phase: TargetPhase, course: UpdateCourse): Step {
  if (phase === 'Pending') {
    if (course.stopping) return { phase: 'Skipped', ...why('RunStopped'), actions: [] };
    return isBusyElsewhere(target)
      ? elsewhere(target, course)
      : { phase, actions: giveBack(target) };
  }
  // Written down by a leader that died before it could give the order, or another Plan has overtaken this one:
  // while held, none is given now. An agent that had it has cancelled it, and does not begin it once more.
  if (course.hold !== undefined && !course.stopping && isUntouched(phase)) {
    const wasGiven = phase !== 'Downloading' || target.foreignOrder !== undefined;
    const step = { phase: 'Pending', actions: giveBack(target) } as const;
    return wasGiven ? { ...step, anew: true } : step;
  }
  // The agent calls back by itself what nobody orders any more.
  if (course.stopping && isUntouched(phase)) {
    return { phase: 'Skipped', ...why('RunStopped'), actions: giveBack(target) };
  }
  return orderAgain(target, phase, GOAL_OF[phase] ?? 'stage', course);
}

/** What another run has left there ends by itself, unless the agent died with it and says nothing any more. */
function elsewhere(target: Target, course: UpdateCourse): Step {
  const deadlineMs = deadlineOf(target, 'Pending', course);
  const message = `still obeys order ${target.foreignOrder?.id} of another run`;
  if (course.nowMs >= deadlineMs) {
    const waited = seconds(deadlineMs - sinceMs(target, 'Pending', course));
    return fail('NoReport', `${message}, and has not ended it within ${waited}`);
  }
  return {
    phase: 'Pending',
    reason: 'WaitsForOtherPlan',
    message,
    deadlineMs,
    actions: giveBack(target),
  };
}

function isUntouched(phase: TargetPhase): boolean {
  return phase === 'Downloading' || phase === 'Staged' || phase === 'Draining';
}

const GOAL_OF: Partial<Record<TargetPhase, Goal>> = {
  Applying: 'apply',
  OnTrial: 'apply',
  Held: 'apply',
  Committing: 'commit',
  Undoing: 'undo',
};

function staged(target: Target, course: UpdateCourse): Step {
  if (isCalledBack(target.order)) return calledBack(target, course);
  if (course.stopping) return callBack(target, course);
  const artifact = target.signal?.staged;
  const wanted = course.pinned[target.host?.platform ?? ''];
  if (artifact !== undefined && wanted !== undefined && artifact.sha256 !== wanted) {
    return {
      ...fail('ChecksumMismatch', `staged sha256 ${artifact.sha256}, wanted ${wanted}`),
      actions: say(target, 'cancel', course),
    };
  }
  const bad =
    artifact &&
    quarantineOf(course.quarantined, { ...artifact, version: course.version }, course.runID);
  if (bad !== undefined) {
    return { ...fail('Quarantined', bad), actions: say(target, 'cancel', course) };
  }
  return STAGED;
}

function draining(target: Target, course: UpdateCourse): Step {
  const node = target.node!;
  if (course.stopping) return callBack(target, course);
  if (course.hold?.kind === 'brake') {
    const { reason, message } = course.hold;
    return { phase: 'Staged', reason, message, actions: giveBack(target) };
  }
  const deadlineMs = deadlineOf(target, 'Draining', course);
  const rules = drainRulesOf(course.policy);
  const drain = node.drain && judgeDrain(node.drain, rules);
  const others = othersNotReady(target, course);
  if (drain?.remaining === 0 && node.unschedulable && others === undefined) {
    return { phase: 'Applying', ...why('WaitsForRestart'), actions: say(target, 'apply', course) };
  }
  const blockedBy = blockersOf(drain);
  if (others !== undefined && course.nowMs >= deadlineMs) {
    // Its drain has not failed; it waits on as one that was not begun, and its pods may come back.
    return { phase: 'Staged', ...others, actions: giveBack(target) };
  }
  if (course.nowMs >= deadlineMs) {
    const message = `not empty within ${seconds(course.policy.drainTimeoutMs)}: ${describeDrain(drain)}`;
    // Where k0s is down for good nobody can end a pod; what it was updated to is what has to go.
    const isDead = course.rollback && node.ready !== 'True';
    switch (isDead ? 'Force' : outcomeOf(target, course)) {
      case 'Stop':
        return {
          ...fail('DrainTimeout', message),
          ...blockedBy,
          actions: [...giveBack(target), ...say(target, 'cancel', course)],
        };
      case 'Skip':
        // Its order stays until the run has ended: one that was called back would tell of a failure.
        return {
          phase: 'Skipped',
          reason: 'DrainTimeout',
          message,
          ...blockedBy,
          actions: giveBack(target),
        };
      case 'Force':
        if (!node.unschedulable) break;
        return {
          phase: 'Applying',
          reason: 'WaitsForRestart',
          message: isDead
            ? `${message}; put back with them, for the node is not Ready`
            : `${message}; updated with them, as the policy says`,
          actions: say(target, 'apply', course),
        };
    }
  }
  const isEmpty = drain?.remaining === 0;
  return {
    phase: 'Draining',
    ...(isEmpty && others !== undefined
      ? others
      : { reason: 'WaitsForDrain', message: describeDrain(drain) }),
    ...blockedBy,
    deadlineMs,
    actions: node.unschedulable
      ? [{ kind: 'evict', name: node.name, rules }]
      : [{ kind: 'cordon', name: node.name, orderId: target.orderId }],
  };
}

/** S2: a controller that is a worker as well has been emptied meanwhile, and the others may not be ready any more. */
function othersNotReady(
  { role, name }: Target,
  course: UpdateCourse,
): { readonly reason: Reason; readonly message: string } | undefined {
  const others = course.controllersNotReady.filter((other) => other !== name);
  if (role !== 'controller' || others.length === 0) return undefined;
  const message = `empty; controller ${others.join(', ')} is not ready`;
  return { reason: 'ControllerNotReady', message };
}

/** No controller is passed over: the workers behind it would get ahead of its API server. */
function outcomeOf(
  { role }: Target,
  { policy }: UpdateCourse,
): UpdateCourse['policy']['drainOutcome'] {
  return role === 'controller' && policy.drainOutcome === 'Skip' ? 'Stop' : policy.drainOutcome;
}

function applying(target: Target, course: UpdateCourse): Step {
  const deadlineMs = deadlineOf(target, 'Applying', course);
  if (course.nowMs < deadlineMs) {
    return { phase: 'Applying', ...whatIsApplied(target), deadlineMs, actions: [] };
  }
  return overdue(target, course, {
    reason: 'ApplyTimeout',
    message: `no word from the node ${seconds(deadlineMs - sinceMs(target, 'Applying', course))} after it was told to apply`,
  });
}

function whatIsApplied(target: Target): { reason: Reason; message: string } {
  const { order, signal } = target;
  const hasHeard = signal?.goal === 'apply' && signal.phase === 'Staged';
  if (hasHeard && order?.backup !== undefined && signal.backup === undefined) {
    return { reason: 'WaitsForBackup', message: `k0s is being backed up${howEmpty(target)}` };
  }
  const message = signal?.phase === 'Applying' ? 'k0s restarts' : 'told to swap the binary';
  return { reason: 'WaitsForRestart', message: `${message}${howEmpty(target)}` };
}

/** @see nextController */
function howEmpty({ role, node, marked }: Target): string {
  return role === 'controller' && node !== undefined && !marked ? `; ${NOT_DRAINED}` : '';
}

function onTrial(target: Target, course: UpdateCourse): Step {
  const gate = judgeHealth(target, course);
  if (gate.outcome === 'pass') return confirm(target, course);
  const deadlineMs = deadlineOf(target, 'OnTrial', course);
  const blamedOnOthers =
    target.role === 'controller' && course.controllersNotReady.some((name) => name !== target.name);
  if (course.nowMs < deadlineMs || blamedOnOthers) {
    const others = course.controllersNotReady.filter((name) => name !== target.name).join(', ');
    return {
      phase: 'OnTrial',
      reason: 'WaitsForHealth',
      message: blamedOnOthers
        ? `${gate.message}; controller ${others} is not ready either`
        : gate.message,
      deadlineMs,
      actions: releaseLeadership(target),
    };
  }
  return overdue(target, course, {
    reason: gate.reason,
    message: `not healthy within ${seconds(gateMs(target, course))}: ${gate.message}`,
  });
}

/** Once, when a trial begins: if it is lost in a crash, others are elected a little later. */
function releaseLeadership({ role, name, status, signal, controlNode }: Target): Action[] {
  const restartedAt = signal?.restartedAt;
  if (role !== 'controller' || status.phase === 'OnTrial' || restartedAt === undefined) return [];
  return [{ kind: 'releaseLeadership', name, nodeName: controlNode?.nodeName, restartedAt }];
}

function held(target: Target, course: UpdateCourse): Step {
  const gate = judgeHealth(target, course);
  if (gate.outcome === 'pass') return confirm(target, course);
  return {
    phase: 'Held',
    reason: 'WaitsForPerson',
    message: `not confirmed (${gate.message}), and a controller does not go back across minor versions by itself; mend it, or ${howToRestore(course)}`,
    actions: [],
  };
}

function howToRestore({ backup }: UpdateCourse): string {
  return backup === undefined
    ? 'restore a backup of your own from before the update: this run has made none'
    : `restore the backup ${backup.path} on ${backup.node}, made at ${backup.takenAt}`;
}

/** The verdict is written; only the node's own word ends it. */
function awaitingReport(target: Target, phase: TargetPhase, course: UpdateCourse): Step {
  const deadlineMs = deadlineOf(target, phase, course);
  if (course.nowMs >= deadlineMs) {
    const told = phase === 'Committing' ? 'commit' : 'undo';
    return fail(
      'NoReport',
      `told to ${told} and no answer within ${seconds(settleMs(target, course))}; look at the agent's log on the host`,
    );
  }
  return {
    ...(target.status.phase === phase ? kept(target) : whyAwaited(target, phase)),
    phase,
    deadlineMs,
    actions: [],
  };
}

/** Where the node itself has turned back, or a leader before us has written the verdict. */
function whyAwaited(target: Target, phase: TargetPhase): { reason: Reason; message: string } {
  const { reason, message } = target.signal ?? {};
  return phase === 'Undoing' && isReason(reason) && message !== undefined
    ? { reason, message }
    : why('WaitsForReport');
}

function confirm(target: Target, course: UpdateCourse): Step {
  const message = `healthy; told to keep ${course.wanted.text}`;
  return {
    phase: 'Committing',
    reason: 'WaitsForReport',
    message,
    actions: say(target, 'commit', course),
  };
}

function overdue(
  target: Target,
  course: UpdateCourse,
  cause: { reason: Reason; message: string },
): Step {
  if (target.order?.undo === 'never') {
    return { phase: 'Held', reason: 'WaitsForPerson', message: cause.message, actions: [] };
  }
  return { phase: 'Undoing', ...cause, actions: say(target, 'undo', course) };
}

function judgeHealth(target: Target, course: UpdateCourse): GateResult {
  const { signal, node, controlNode } = target;
  if (signal === undefined) {
    return {
      outcome: 'unknown',
      reason: 'HealthTimeout',
      message: 'the agent has not reported yet',
    };
  }
  const trial = { signal, wanted: course.wanted, force: course.force };
  if (controlNode === undefined) return workerGate(trial, node!);
  const asController = controllerGate(trial, controlNode.apiServer, {
    onTrialSinceMs: sinceMs(target, 'OnTrial', course),
    stableMs: course.policy.gateStableMs,
  });
  if (asController.outcome !== 'pass' || node === undefined) return asController;
  return workerGate(trial, node);
}

/** What is written down of the pods that hold a drain up: enough to help them, whatever their number. */
function blockersOf(drain: DrainView | undefined): Pick<Step, 'blockedBy'> {
  if (drain === undefined || drain.blocked.length === 0) return {};
  const first = drain.blocked.slice(0, MAX_BLOCKED_BY);
  return { blockedBy: first.map(({ pod, message }) => ({ pod, message })) };
}
