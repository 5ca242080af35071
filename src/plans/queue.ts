import { compareK0sVersions } from '../api/k0s-version.ts';
import { isTerminalState } from '../api/plan.ts';
import { isLeftHalfRun, lastRun, type Origin } from './adopted.ts';
import { isInFlight } from './in-flight.ts';
import { areDisjoint, type Machines, type Reach, reachOf, versionsOf } from './reach.ts';
import { isUnderWay } from './run.ts';
import { nextRunId, runIdOf } from './run-id.ts';
import type { TrimmedPlan } from './trim-plan.ts';

/** A Plan as its own controller knows it: the status may be newer than the one that is stored. */
export type QueuedPlan = Pick<
  TrimmedPlan,
  | 'name'
  | 'uid'
  | 'generation'
  | 'createdAtMs'
  | 'appliedAtMs'
  | 'status'
  | 'requests'
  | 'deleted'
  | 'spec'
> &
  Pick<Origin, 'adopted'> & {
    /** What is stored still has something in flight that has ended since: the next leader would believe it. */
    readonly isStoredInFlight?: boolean;
  };

/** What the order of Plans depends on besides themselves. */
export interface Surroundings {
  /** Undefined where nobody has looked: a selector may then select anything. */
  readonly world: Machines | undefined;
  /** Whether a policy, a window or a person holds a Plan. */
  readonly isHeld: (plan: QueuedPlan) => boolean;
}

/** Where a Plan stands among those that may not run beside it. */
export interface Place {
  /** Names of those that go before it. */
  readonly before: readonly string[];
  /** Names of those that it goes before. */
  readonly behind: readonly string[];
}

/**
 * Plans that share a target, or of which one has controllers, run one after the other: one that has something
 * in flight goes first, then those that are under way, then the older. A Plan that is held is overtaken, once
 * it has nothing in flight; one that is under way by none that would take versions back.
 */
export function placeOf(plan: QueuedPlan, all: Iterable<QueuedPlan>, around: Surroundings): Place {
  const mine = isAtWork(plan) ? stands(plan, around) : undefined;
  const others = [...all]
    .filter((other) => other.uid !== plan.uid && isAtWork(other))
    .map((other) => stands(other, around));
  const me = mine ?? stands(plan, around);
  const conflicting = others.filter((other) => !areDisjoint(other.reach(), me.reach()));
  const names = (some: readonly Standing[]) => some.map((one) => one.plan.name).sort();
  return {
    before: names(conflicting.filter((other) => goesBefore(other, me))),
    behind:
      mine === undefined
        ? []
        : names(conflicting.filter((other) => goesBefore(mine, other) && !isRunning(other))),
  };
}

interface Standing {
  readonly plan: QueuedPlan;
  readonly isHeld: boolean;
  readonly reach: () => Reach;
}

function stands(plan: QueuedPlan, { world, isHeld }: Surroundings): Standing {
  let reach: Reach | undefined;
  return {
    plan,
    isHeld: isHeld(plan),
    reach: () => {
      reach ??= reachOf(plan, world);
      return reach;
    },
  };
}

function goesBefore(one: Standing, other: Standing): boolean {
  if (isRunning(one)) {
    if (isInFlight(one.plan)) return true;
    // Of two that are under way one has overtaken the other, which was held then.
    if (isRunning(other)) return !one.isHeld && beganLater(one.plan, other.plan);
    return !one.isHeld || takesBack(other.plan, one.plan);
  }
  if (isRunning(other)) return false;
  return isOlder(one.plan, other.plan) && !one.isHeld;
}

function isRunning({ plan }: Standing): boolean {
  return isUnderWay(plan.status);
}

function beganLater(a: QueuedPlan, b: QueuedPlan): boolean {
  const order = Date.parse(a.status?.startedAt ?? '') - Date.parse(b.status?.startedAt ?? '');
  return order > 0 || (order === 0 && a.name < b.name);
}

/** Whether a Plan brings an older version than one that is under way: that would undo it, or outrun its API servers. */
function takesBack(plan: QueuedPlan, { status }: QueuedPlan): boolean {
  const mine = 'invalid' in plan.spec ? undefined : versionsOf(plan.spec.commands);
  const theirs = versionsOf(status?.frozenSpec?.commands ?? []);
  if (mine === undefined || theirs === undefined) return false;
  return compareK0sVersions(mine.lowest, theirs.highest) < 0;
}

export function wantsToRun(plan: QueuedPlan): boolean {
  const { status, generation } = plan;
  if (status?.state === undefined || status.state === '') return true;
  const last = lastRun(plan);
  const isOver = isTerminalState(status.state) || isLeftHalfRun(plan);
  return isOver && last !== undefined && last < generation;
}

function isOlder(a: QueuedPlan, b: QueuedPlan): boolean {
  return a.createdAtMs - b.createdAtMs < 0 || (a.createdAtMs === b.createdAtMs && a.name < b.name);
}

/** Whether something is under way, or would be if it might begin. */
export function isAtWork(plan: QueuedPlan): boolean {
  return !plan.deleted && (isUnderWay(plan.status) || wantsToRun(plan));
}

/**
 * Runs whose orders are their own Plan's business. A Plan that has not begun counts with the id that it
 * will have, and one that has ended with that of a retry: another leader may have begun it a moment ago, and
 * we not have heard of it yet.
 */
export function activeRuns(all: Iterable<QueuedPlan>): Set<string> {
  const runs = new Set<string>();
  for (const plan of all) {
    if (plan.deleted) continue;
    if (isUnderWay(plan.status)) runs.add(plan.status.runID);
    if (!isTerminalState(plan.status?.state) || wantsToRun(plan)) runs.add(runIdOf(plan));
    else runs.add(nextRunId(plan, plan.status?.runID));
  }
  return runs;
}
