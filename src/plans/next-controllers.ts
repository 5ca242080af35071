import { minorsBetween, parseK0sVersion } from '../api/k0s-version.ts';
import type { Reason } from '../api/reasons.ts';
import { isSettled } from '../signals/lifecycle.ts';
import type { UpdateCourse } from './course.ts';
import type { PlanFacts } from './facts.ts';
import { seemsGone } from './gone.ts';
import { controllersInTurn } from './in-turn.ts';
import { leftOut, wasLeftOut } from './left-out.ts';
import { type Ask, afterNodes, beforeNode } from './passages.ts';
import { runningVersion } from './preflight.ts';
import { isBegun, type Schedule, type Start } from './start.ts';
import { say } from './step.ts';
import { isFinal, occupiesSlot, type Standing } from './target.ts';

/** Which controller goes next: one at a time, while all others are ready. Promise S2 is kept here. */
export function nextController(
  controllers: readonly Standing[],
  course: UpdateCourse,
  facts: PlanFacts,
  bearer: string | undefined,
  ask: Ask,
): Schedule {
  const inFlight = controllers.find(({ target, phase }) => occupiesSlot(target, phase));
  if (inFlight !== undefined) {
    return waiting('WaitsForController', `controller ${inFlight.target.name} is under way`);
  }
  const elsewhere = controllerInFlightElsewhere(controllers, facts);
  if (elsewhere !== undefined) {
    return waiting('WaitsForController', `controller ${elsewhere} is under way for another Plan`);
  }
  const open = controllers
    .filter(({ phase }) => !isFinal(phase))
    .map((standing) => ({
      ...standing,
      leftOut: leftOut(standing.target.host, course.wanted, course.nowMs),
    }));
  const asked = open.find(({ target }) => target.name === bearer);
  if (asked?.leftOut !== undefined && asked.target.order?.backup && !asked.target.signal?.backup) {
    const { reason, message } = asked.leftOut;
    return waiting(reason, `controller ${bearer} is to make the backup first, and was ${message}`);
  }
  // In a fixed order, so that two runs are alike: a slower download is waited for, not overtaken.
  const [next] = controllersInTurn(
    open.filter((one) => one.leftOut === undefined),
    course,
    bearer,
  );
  // Those that are left out come last, and may not be by then.
  if (next === undefined) {
    const starts = open.map(({ target, leftOut: why }) => ({
      target,
      phase: 'Skipped' as const,
      ...why,
      actions: [],
    }));
    return { starts, wait: undefined };
  }
  if (next.phase !== 'Staged') {
    return waiting('WaitsForDownload', `${next.target.name} has not staged the artifact yet`);
  }
  const others = course.controllersNotReady.filter((name) => name !== next.target.name);
  if (others.length > 0) return waiting('ControllerNotReady', notReady(others, facts));
  const shut = ask([
    ...(controllers.some(isBegun) ? [] : [{ kind: 'BeforeControllers' } as const]),
    ...afterNodes(controllers, course),
    beforeNode(next),
  ]);
  if (shut !== undefined) return { starts: [], ...shut };
  const { target } = next;
  const { node } = target;
  // Pods of the only Node would have nowhere to go, and are back as soon as it is.
  const start: Start =
    node !== undefined && facts.nodes.size > 1
      ? {
          target,
          phase: 'Draining',
          actions: [{ kind: 'cordon', name: node.name, orderId: target.orderId }],
        }
      : { target, phase: 'Applying', actions: say(target, 'apply', course) };
  return { starts: [start], wait: undefined };
}

function waiting(reason: Reason, message: string): Schedule {
  return { starts: [], wait: { reason, message } };
}

function controllerInFlightElsewhere(
  controllers: readonly Standing[],
  facts: PlanFacts,
): string | undefined {
  const ours = new Map(controllers.map(({ target }) => [target.name, target.orderId]));
  for (const { name, order, report } of facts.controlNodes.values()) {
    if (order.kind !== 'valid' || order.value.id === ours.get(name)) continue;
    if (!['apply', 'commit', 'undo'].includes(order.value.goal)) continue;
    // A bundle takes nothing away from the controller that it is delivered to.
    if (order.value.artifact.kind === 'airgap') continue;
    const signal = report.kind === 'valid' ? report.value.signal : undefined;
    if (signal?.id !== order.value.id || !isSettled(signal.phase)) return name;
  }
  return undefined;
}

/**
 * S7: a controller that was left out after preflight had counted on it keeps its version, and no kubelet may
 * become newer than that.
 * @returns what forbids the workers
 */
export function controllersLeftBehind(
  controllers: readonly Standing[],
  course: UpdateCourse,
): Schedule['failure'] {
  if (course.force) return undefined;
  for (const { target } of controllers) {
    const current = parseK0sVersion(
      (target.host && runningVersion(target.host)) ?? target.status.previousVersion ?? '',
    );
    if (!wasLeftOut(target.status) || current === undefined) continue;
    if (minorsBetween(current, course.wanted) <= 0) continue;
    return {
      reason: 'KubeletTooNew',
      message: `controller ${target.name} runs ${current.text} and was left out (${target.status.message}): workers of ${course.wanted.text} would be newer than its API server`,
    };
  }
  return undefined;
}

export function notReady(names: readonly string[], facts: PlanFacts): string {
  return names
    .map((name) => {
      const controlNode = facts.controlNodes.get(name);
      const why = controlNode && (seemsGone(controlNode, facts) ?? controlNode.apiServer.message);
      return `controller ${name}: ${why ?? 'gone'}`;
    })
    .join('; ');
}
