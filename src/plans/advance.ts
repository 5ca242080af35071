import type { TargetPhase } from '../api/plan.ts';
import { isReason, REASONS, type Reason } from '../api/reasons.ts';
import { controllerGate, type GateResult, workerGate } from '../health/node-gate.ts';
import { mayFollow } from '../signals/lifecycle.ts';
import type { Goal, Order } from '../signals/order.ts';
import type { Signal } from '../signals/report.ts';
import type { Course } from './course.ts';
import type { Action } from './facts.ts';
import { give } from './give-order.ts';
import { isFinal, phaseOf, type Target } from './target.ts';

/** Where a target stands after one look at it, and what is to be done about it now. */
export interface Step {
  readonly phase: TargetPhase;
  readonly reason?: Reason;
  readonly message?: string;
  /** When the phase ends by itself. */
  readonly deadlineMs?: number;
  readonly actions: readonly Action[];
}

/**
 * Judges one target on its own. Giving it something to do that costs others (a download, a slot) is the
 * schedule's; going on, giving up and cleaning up are here. A final phase never changes again.
 */
export function advance(target: Target, course: Course): Step {
  const phase = phaseOf(target);
  if (isFinal(phase)) return atTheEnd(target, phase);
  if (target.host === undefined) {
    const kind = target.role === 'worker' ? 'Node' : 'ControlNode';
    return fail('NodeVanished', `${kind} ${target.name} was deleted while it was under way`);
  }
  if (target.order === undefined) return withoutOrder(target, phase, course);
  const ended = settled(target, target.order, course);
  if (ended !== undefined) return ended;
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

function withoutOrder(target: Target, phase: TargetPhase, course: Course): Step {
  if (phase === 'Pending') {
    if (course.stopping) return { phase: 'Skipped', ...why('RunStopped'), actions: [] };
    return { phase, actions: giveBack(target) };
  }
  // Somebody removed the order of a target that is under way. What was intended is said again; the agent
  // answers with where it stands.
  return {
    ...kept(target),
    phase,
    deadlineMs: deadline(target, phase, course),
    actions:
      course.stopping && phase === 'Staged' ? [] : give(target, GOAL_OF[phase] ?? 'stage', course),
  };
}

const GOAL_OF: Partial<Record<TargetPhase, Goal>> = {
  Applying: 'apply',
  OnTrial: 'apply',
  Held: 'apply',
  Committing: 'commit',
  Undoing: 'undo',
};

/** The end of an order as the node reports it, whatever was last asked of it. */
function settled(target: Target, order: Order, course: Course): Step | undefined {
  const { signal } = target;
  if (signal === undefined) return undefined;
  const reported = (fallback: Reason): { reason: Reason; message: string } => ({
    reason: isReason(signal.reason) ? signal.reason : fallback,
    message: signal.message ?? REASONS[fallback],
  });
  switch (signal.phase) {
    case 'Committed':
      return {
        phase: 'Committed',
        reason: 'Updated',
        message: `runs ${signal.running?.version ?? order.artifact.version}`,
        actions: giveBack(target),
      };
    case 'Undone':
      // Why we ordered the undo is known to us alone.
      return {
        phase: 'Undone',
        ...(order.goal === 'undo' &&
        target.status.phase === 'Undoing' &&
        target.status.reason !== undefined
          ? kept(target)
          : reported('UndoneByOrder')),
        actions: giveBack(target),
      };
    case 'Failed':
    case 'Refused':
      return {
        phase: 'Failed',
        ...reported(signal.phase === 'Refused' ? 'OrderRefused' : 'SwapFailed'),
        actions: [
          ...giveBack(target),
          ...(order.goal === 'stage' ? say(target, 'cancel', course) : []),
        ],
      };
    case 'Cancelled':
      return { phase: 'Skipped', ...why('RunStopped'), actions: giveBack(target) };
    default:
      return undefined;
  }
}

function downloading(target: Target, course: Course): Step {
  const { signal } = target;
  if (course.stopping) return callBack(target, course);
  const answerByMs = atLeastSighted(
    sinceMs(target, 'Downloading', course) + course.policy.acknowledgeTimeoutMs,
    course,
  );
  if (signal === undefined && course.nowMs >= answerByMs) {
    return {
      ...fail(
        'AgentSilent',
        `the agent did not answer within ${seconds(course.policy.acknowledgeTimeoutMs)}`,
      ),
      actions: say(target, 'cancel', course),
    };
  }
  const deadlineMs = deadline(target, 'Downloading', course);
  if (course.nowMs >= deadlineMs) {
    const so = signal === undefined ? '' : `, ${downloaded(signal)} by then`;
    return {
      ...fail(
        'DownloadTimeout',
        `not downloaded and verified within ${seconds(course.policy.downloadTimeoutMs)}${so}`,
      ),
      actions: say(target, 'cancel', course),
    };
  }
  return {
    phase: 'Downloading',
    reason: 'WaitsForDownload',
    message: signal === undefined ? 'ordered to download' : (signal.message ?? downloaded(signal)),
    deadlineMs: signal === undefined ? answerByMs : deadlineMs,
    actions: [],
  };
}

function staged(target: Target, course: Course): Step {
  if (target.order?.goal === 'cancel') {
    const deadlineMs = deadline(target, 'Staged', course);
    if (course.nowMs >= deadlineMs)
      return { phase: 'Skipped', ...why('RunStopped'), actions: giveBack(target) };
    return {
      phase: 'Staged',
      reason: 'WaitsForSettling',
      message: 'called back before anything was taken away',
      deadlineMs,
      actions: giveBack(target),
    };
  }
  if (course.stopping) return callBack(target, course);
  const artifact = target.signal?.staged;
  const wanted = course.pinned[target.host?.platform ?? ''];
  if (artifact !== undefined && wanted !== undefined && artifact.sha256 !== wanted) {
    return {
      ...fail('ChecksumMismatch', `staged sha256 ${artifact.sha256}, wanted ${wanted}`),
      actions: say(target, 'cancel', course),
    };
  }
  return { phase: 'Staged', message: 'downloaded and verified', actions: [] };
}

function draining(target: Target, course: Course): Step {
  const node = target.node!;
  if (course.stopping) return callBack(target, course);
  const deadlineMs = deadline(target, 'Draining', course);
  const { drain } = node;
  if (drain?.remaining === 0 && node.unschedulable) {
    return { phase: 'Applying', ...why('WaitsForRestart'), actions: say(target, 'apply', course) };
  }
  if (course.nowMs >= deadlineMs) {
    return {
      ...fail(
        'DrainTimeout',
        `not empty within ${seconds(course.policy.drainTimeoutMs)}: ${blockers(target)}`,
      ),
      actions: [...giveBack(target), ...say(target, 'cancel', course)],
    };
  }
  return {
    phase: 'Draining',
    reason: 'WaitsForDrain',
    message: blockers(target),
    deadlineMs,
    actions: node.unschedulable
      ? [{ kind: 'evict', name: target.name }]
      : [{ kind: 'cordon', name: target.name, orderId: target.orderId }],
  };
}

function applying(target: Target, course: Course): Step {
  const deadlineMs = deadline(target, 'Applying', course);
  if (course.nowMs < deadlineMs) {
    return {
      phase: 'Applying',
      reason: 'WaitsForRestart',
      message: target.signal?.phase === 'Applying' ? 'k0s restarts' : 'told to swap the binary',
      deadlineMs,
      actions: [],
    };
  }
  return overdue(target, course, {
    reason: 'ApplyTimeout',
    message: `no word from the node ${seconds(deadlineMs - sinceMs(target, 'Applying', course))} after it was told to apply`,
  });
}

function onTrial(target: Target, course: Course): Step {
  const gate = judgeHealth(target, course);
  if (gate.outcome === 'pass') return confirm(target, course);
  const deadlineMs = deadline(target, 'OnTrial', course);
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
      actions: [],
    };
  }
  return overdue(target, course, {
    reason: gate.reason,
    message: `not healthy within ${seconds(course.policy.gateTimeoutMs)}: ${gate.message}`,
  });
}

function held(target: Target, course: Course): Step {
  const gate = judgeHealth(target, course);
  if (gate.outcome === 'pass') return confirm(target, course);
  return {
    phase: 'Held',
    reason: 'WaitsForPerson',
    message: `not confirmed (${gate.message}), and a controller does not go back across minor versions by itself; mend it, or restore the backup from before the update`,
    actions: [],
  };
}

/** The verdict is written; only the node's own word ends it. */
function awaitingReport(target: Target, phase: TargetPhase, course: Course): Step {
  const deadlineMs = deadline(target, phase, course);
  if (course.nowMs >= deadlineMs) {
    const told = phase === 'Committing' ? 'commit' : 'undo';
    return fail(
      'NoReport',
      `told to ${told} and no answer within ${seconds(course.policy.settleTimeoutMs)}; look at the agent's log on the host`,
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

function confirm(target: Target, course: Course): Step {
  const message = `healthy; told to keep ${course.wanted.text}`;
  return {
    phase: 'Committing',
    reason: 'WaitsForReport',
    message,
    actions: say(target, 'commit', course),
  };
}

function overdue(target: Target, course: Course, cause: { reason: Reason; message: string }): Step {
  if (target.order?.undo === 'never') {
    return { phase: 'Held', reason: 'WaitsForPerson', message: cause.message, actions: [] };
  }
  return { phase: 'Undoing', ...cause, actions: say(target, 'undo', course) };
}

/** Takes back what has cost nothing yet: staged files, and our own cordon. */
function callBack(target: Target, course: Course): Step {
  return {
    phase: 'Staged',
    reason: 'WaitsForSettling',
    message: 'called back before anything was taken away',
    actions: [...giveBack(target), ...say(target, 'cancel', course)],
  };
}

function judgeHealth(target: Target, course: Course): GateResult {
  const { signal, node, controlNode } = target;
  if (signal === undefined) {
    return {
      outcome: 'unknown',
      reason: 'HealthTimeout',
      message: 'the agent has not reported yet',
    };
  }
  const trial = { signal, wanted: course.wanted, force: course.force };
  return node !== undefined
    ? workerGate(trial, node)
    : controllerGate(trial, controlNode!.apiServer, sinceMs(target, 'OnTrial', course));
}

/** Rewrites the order's goal, where that goal may still follow; at any other time it says nothing. */
export function say(target: Target, goal: Goal, course: Course): Action[] {
  const { order, host } = target;
  if (order === undefined || host === undefined || !mayFollow(order.goal, goal)) return [];
  return [
    {
      kind: 'order',
      role: target.role,
      name: target.name,
      order: { ...order, goal, epoch: course.epoch },
      replaces: host.orderText,
    },
  ];
}

function giveBack(target: Target): Action[] {
  return target.marked ? [{ kind: 'uncordon', name: target.name, orderId: target.orderId }] : [];
}

/** After a time of blindness: how long agents have to reach the API server again and report. */
const CATCH_UP_MS = 30_000;

/** No deadline passes for want of seeing: neither while nobody led, nor while the API server was away. */
function atLeastSighted(deadlineMs: number, course: Course): number {
  return Math.max(deadlineMs, course.sightedSinceMs + CATCH_UP_MS);
}

/** When the phase began, by the clock of the orchestrator; now, where it has just begun. */
function sinceMs(target: Target, phase: TargetPhase, course: Course): number {
  return target.status.phase === phase
    ? Date.parse(target.status.lastUpdatedTimestamp)
    : course.nowMs;
}

function deadline(target: Target, phase: TargetPhase, course: Course): number {
  const { policy } = course;
  const bound: Partial<Record<TargetPhase, number>> = {
    Downloading: policy.acknowledgeTimeoutMs + policy.downloadTimeoutMs,
    Draining: policy.drainTimeoutMs,
    Applying: policy.acknowledgeTimeoutMs + policy.confirmTimeoutMs,
    OnTrial: policy.gateTimeoutMs,
  };
  const deadlineMs = sinceMs(target, phase, course) + (bound[phase] ?? policy.settleTimeoutMs);
  return atLeastSighted(deadlineMs, course);
}

function blockers(target: Target): string {
  const drain = target.node?.drain;
  if (drain === undefined) return 'its pods are being listed';
  const [first, ...more] = drain.blocked;
  if (first === undefined) return `${count(drain.remaining, 'pod')} still to go`;
  const others = more.length === 0 ? '' : `, and ${count(more.length, 'more pod')}`;
  return `${first.pod}: ${first.message}${others}`;
}

function downloaded(signal: Signal): string {
  if (signal.bytes === undefined) return 'downloading';
  const { done, total } = signal.bytes;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return total === undefined
    ? `${megabytes(done)} downloaded`
    : `${Math.floor((100 * done) / Math.max(total, 1))} % of ${megabytes(total)} downloaded`;
}

function kept(target: Target): { reason?: Reason; message?: string } {
  const { reason, message } = target.status;
  return {
    ...(isReason(reason) ? { reason } : {}),
    ...(message === undefined ? {} : { message }),
  };
}

function why(reason: Reason): { reason: Reason; message: string } {
  return { reason, message: REASONS[reason] };
}

function fail(reason: Reason, message: string): Step {
  return { phase: 'Failed', reason, message, actions: [] };
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)}s`;
}
