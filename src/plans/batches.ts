import type { TargetPhase } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import { isSettled } from '../signals/lifecycle.ts';
import { backupBearer } from './backup.ts';
import type { UpdateCourse } from './course.ts';
import { sinceMs } from './deadlines.ts';
import type { Action, PlanFacts } from './facts.ts';
import { give, isBusyElsewhere } from './give-order.ts';
import { say } from './step.ts';
import { isFinal, occupiesSlot, type Standing, type Target } from './target.ts';
import { asListed } from './turns.ts';

/** What a target is given to do, and its phase from then on. */
export interface Start {
  readonly target: Target;
  readonly phase: TargetPhase;
  readonly actions: readonly Action[];
}

export interface Schedule {
  readonly starts: readonly Start[];
  /** Why the next target is not begun, where one is left. */
  readonly wait: { readonly reason: Reason; readonly message: string } | undefined;
  /** When more may be begun although nothing has changed. */
  readonly untilMs?: number;
}

/**
 * Who is next: downloads first, for they cost nobody anything; then controllers, one at a time; then
 * workers within the limit. Promises S1, S2, S3 and S6 are kept here.
 */
export function schedule(
  standings: readonly Standing[],
  course: UpdateCourse,
  facts: PlanFacts,
): Schedule {
  if (course.stopping) return { starts: [], wait: undefined };
  if (course.hold !== undefined) return { starts: [], wait: course.hold };
  const bearer = backupBearer(standings, course);
  const { starts: downloads, ...alone } = scheduleDownloads(standings, course, bearer);
  const parked = standings.filter(({ phase }) => phase === 'Staged');
  const unverified = platformsNotVerified(standings);
  if (unverified.length > 0) {
    return {
      starts: downloads,
      wait: {
        reason: 'WaitsForDownload',
        message: `no ${unverified.join(' and no ')} artifact has been verified yet`,
      },
      ...alone,
    };
  }
  const controllers = standings.filter(({ target }) => target.role === 'controller');
  const { start, wait } = controllers.some(({ phase }) => !isFinal(phase))
    ? nextController(controllers, course, facts, bearer)
    : nextWorkers(standings, parked, course, facts);
  return { starts: [...downloads, ...start], wait, ...alone };
}

/** A link that is slower than this is not the reason why nobody else may begin. */
const ALONE_FOR_MS = 15_000;

/**
 * One of each platform goes first, and alone until it is staged or has had its time: a bad artifact then costs
 * one download, and the first to be updated need not share its link with those whose turn is much later.
 */
function scheduleDownloads(
  standings: readonly Standing[],
  course: UpdateCourse,
  bearer: string | undefined,
): Pick<Schedule, 'starts' | 'untilMs'> {
  const downloading = standings.filter(({ phase }) => phase === 'Downloading');
  const unverified = new Set(platformsNotVerified(standings));
  const aloneUntilMs = new Map<string, number>();
  for (const one of downloading) {
    const platform = platformOf(one);
    if (platform === undefined || !unverified.has(platform)) continue;
    const endMs = sinceMs(one.target, 'Downloading', course) + ALONE_FOR_MS;
    aloneUntilMs.set(platform, Math.min(endMs, aloneUntilMs.get(platform) ?? endMs));
  }
  const firsts: Standing[] = [];
  const rest: Standing[] = [];
  let untilMs: number | undefined;
  const begun = new Set<string>();
  const pending = standings.filter(
    ({ target, phase }) => phase === 'Pending' && !isBusyElsewhere(target),
  );
  for (const standing of inTurn(pending, course, bearer)) {
    const platform = platformOf(standing);
    if (platform === undefined || !unverified.has(platform)) {
      rest.push(standing);
      continue;
    }
    const endMs = aloneUntilMs.get(platform);
    if (endMs === undefined) {
      if (!begun.has(platform)) firsts.push(standing);
      begun.add(platform);
    } else if (endMs <= course.nowMs) rest.push(standing);
    else untilMs = Math.min(endMs, untilMs ?? endMs);
  }
  const free = Math.max(0, course.policy.downloadConcurrent - downloading.length);
  return {
    starts: [...firsts, ...rest].slice(0, free).map(({ target }) => ({
      target,
      phase: 'Downloading' as const,
      actions: give(target, 'stage', course, bearer),
    })),
    ...(untilMs === undefined ? {} : { untilMs }),
  };
}

function platformOf({ target }: Standing): string | undefined {
  return target.host?.platform;
}

/** In the order in which they will be touched. */
function inTurn(
  standings: readonly Standing[],
  course: UpdateCourse,
  bearer: string | undefined,
): readonly Standing[] {
  const { controller = [], worker = [] } = Object.groupBy(standings, ({ target }) => target.role);
  return [...controllersInTurn(controller, course, bearer), ...workersInTurn(worker, course)];
}

/** What is down is repaired first; of the healthy ones, nobody is touched before the backup was made. */
function controllersInTurn(
  controllers: readonly Standing[],
  course: UpdateCourse,
  bearer: string | undefined,
) {
  return asListed(
    course,
    controllers.map(({ target, phase }) => ({
      target,
      phase,
      name: target.name,
      ready: target.controlNode?.apiServer.ready === 'True',
    })),
  ).toSorted((a, b) => before(a, bearer) - before(b, bearer));
}

function workersInTurn(workers: readonly Standing[], course: UpdateCourse) {
  return asListed(
    course,
    workers.map(({ target, phase }) => ({
      target,
      phase,
      name: target.name,
      ready: isAvailable(target),
    })),
  );
}

function platformsNotVerified(standings: readonly Standing[]): string[] {
  const waiting = new Set<string>();
  const verified = new Set<string>();
  for (const standing of standings) {
    const platform = platformOf(standing);
    if (platform === undefined) continue;
    if (standing.phase === 'Pending' || standing.phase === 'Downloading') waiting.add(platform);
    else if (hasStaged(standing)) verified.add(platform);
  }
  return [...waiting].filter((platform) => !verified.has(platform));
}

function hasStaged({ phase }: Standing): boolean {
  return !['Pending', 'Downloading', 'Failed', 'Skipped'].includes(phase);
}

interface Next {
  readonly start: readonly Start[];
  readonly wait: Schedule['wait'];
}

function nextController(
  controllers: readonly Standing[],
  course: UpdateCourse,
  facts: PlanFacts,
  bearer: string | undefined,
): Next {
  const waiting = (reason: Reason, message: string): Next => ({
    start: [],
    wait: { reason, message },
  });
  const inFlight = controllers.find(({ target, phase }) => occupiesSlot(target, phase));
  if (inFlight !== undefined) {
    return waiting('WaitsForController', `controller ${inFlight.target.name} is under way`);
  }
  const elsewhere = controllerInFlightElsewhere(controllers, facts);
  if (elsewhere !== undefined) {
    return waiting('WaitsForController', `controller ${elsewhere} is under way for another Plan`);
  }
  // In a fixed order, so that two runs are alike: a slower download is waited for, not overtaken.
  const [next] = controllersInTurn(
    controllers.filter(({ phase }) => !isFinal(phase)),
    course,
    bearer,
  );
  if (next === undefined) return { start: [], wait: undefined };
  if (next.phase !== 'Staged') {
    return waiting('WaitsForDownload', `${next.name} has not staged the artifact yet`);
  }
  const others = course.controllersNotReady.filter((name) => name !== next.name);
  if (others.length > 0) return waiting('ControllerNotReady', notReady(others, facts));
  return {
    start: [{ target: next.target, phase: 'Applying', actions: say(next.target, 'apply', course) }],
    wait: undefined,
  };
}

function before(one: { readonly name: string; readonly ready: boolean }, bearer?: string): number {
  if (!one.ready) return 0;
  return one.name === bearer ? 1 : 2;
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

function nextWorkers(
  standings: readonly Standing[],
  parked: readonly Standing[],
  course: UpdateCourse,
  facts: PlanFacts,
): Next {
  const workers = standings.filter(({ target }) => target.role === 'worker');
  const { limit, because: limited } = course.concurrency;
  if (parked.length > 0 && course.controllersNotReady.length > 0) {
    return {
      start: [],
      wait: { reason: 'ControllerNotReady', message: notReady(course.controllersNotReady, facts) },
    };
  }
  const inFlight = new Set(
    workers
      .filter(({ target, phase }) => occupiesSlot(target, phase))
      .map(({ target }) => target.name),
  );
  const unavailable = new Set(
    workers.filter(({ target }) => !isAvailable(target)).map(({ target }) => target.name),
  );
  const down = [...unavailable].filter((name) => !inFlight.has(name));

  const start: Start[] = [];
  let wait: Schedule['wait'];
  for (const { target, name, ready } of workersInTurn(parked, course)) {
    // A node that is down already costs nothing more; it still takes one of the slots.
    const occupied = ready ? new Set([...inFlight, ...unavailable]).size : inFlight.size;
    if (occupied >= limit) {
      const because = down.length === 0 ? '' : `; ${down.join(', ')} down or cordoned by others`;
      wait = {
        reason: 'WaitsForSlot',
        message: `${inFlight.size} under way, ${limited}${because}`,
      };
      break;
    }
    inFlight.add(name);
    start.push({
      target,
      phase: 'Draining',
      actions: [{ kind: 'cordon', name, orderId: target.orderId }],
    });
  }
  return { start, wait };
}

/** Counts for the limit, whoever made it so. A cordon of ours is a slot, counted apart. */
function isAvailable(target: Target): boolean {
  const { node } = target;
  return node !== undefined && node.ready === 'True' && (!node.unschedulable || target.marked);
}

function notReady(names: readonly string[], facts: PlanFacts): string {
  return names
    .map(
      (name) => `controller ${name}: ${facts.controlNodes.get(name)?.apiServer.message ?? 'gone'}`,
    )
    .join('; ');
}
