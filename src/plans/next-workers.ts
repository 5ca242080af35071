import type { BatchStatus } from '../api/plan.ts';
import { isAvailable } from './availability.ts';
import { isClosed, isWilling, joinable, membersOf } from './batches.ts';
import type { UpdateCourse } from './course.ts';
import { obstacleOf } from './drain-outlook.ts';
import type { NodeFacts, PlanFacts } from './facts.ts';
import { workersInTurn } from './in-turn.ts';
import { leftOut } from './left-out.ts';
import { type Ask, afterNodes, beforeNode, type Shut } from './passages.ts';
import { sharedLimit } from './shared-limit.ts';
import type { Schedule, Start, Wait } from './start.ts';
import { takeOut } from './step.ts';
import { isFinal, occupiesSlot, type Placed, type Standing, type Target } from './target.ts';

/** So many nodes beyond the limit are looked at for one that can be drained at this moment. */
const LOOK_AHEAD = 5;
const SHOWN_OTHERS = 3;

/**
 * Which workers of the batch under way go next, as far as the limit allows: what is down already first, and what
 * can be drained before what cannot be now. Promise S3 is kept here.
 */
export function nextWorkers(
  workers: readonly Placed[],
  batch: BatchStatus,
  course: UpdateCourse,
  facts: PlanFacts,
  ask: Ask,
): Schedule {
  const members = membersOf(workers, batch);
  const free = { slots: slotsOf(workers, course, facts), places: batch.size - members.length };
  const joining = joinable(workers, batch, course);
  const order = workersInTurn(candidatesOf([...members, ...joining], course), workers, course);
  const near = order.slice(0, course.concurrency.limit + LOOK_AHEAD);
  const emptying = members.filter(({ phase }) => phase === 'Draining').map(nodeOf);
  const lookAhead =
    facts.budgets.length === 0 ? [] : [...emptying, ...near.map(nodeOf)].map(({ name }) => name);
  const starts: Start[] = [];
  let shut: Shut | undefined;
  let behind: { readonly shut: Shut | undefined } | undefined;
  const start = (one: Placed): boolean => {
    behind ??= { shut: ask(afterNodes(members, course)) };
    shut = behind.shut ?? ask([beforeNode(one)]);
    if (shut !== undefined) return false;
    const { target } = one;
    free.slots.take(target);
    if (one.batch === undefined) free.places--;
    emptying.push(nodeOf(one));
    starts.push({ target, batch: batch.number, ...takeOut(target, course) });
    return true;
  };

  let first: { readonly one: Placed; readonly obstacle: string } | undefined;
  for (const one of near) {
    if (one.batch === undefined && free.places <= 0) continue;
    const full = free.slots.full(one.target);
    if (full !== undefined) {
      shut = { wait: full };
      break;
    }
    if (facts.budgets.length > 0) {
      const unknown = [one, ...members.filter(({ phase }) => phase === 'Draining')].find(
        ({ target }) => target.node?.outlook === undefined,
      );
      if (unknown !== undefined) {
        const message = `the pods of ${unknown.target.name} are being listed`;
        shut = { wait: { reason: 'WaitsForOutlook', message } };
        break;
      }
    }
    const obstacle = obstacleOf(nodeOf(one), emptying, facts.budgets);
    if (obstacle !== undefined) first ??= { one, obstacle };
    else if (!start(one)) break;
  }
  if (first !== undefined && starts.length === 0 && shut === undefined) {
    // Nothing under way could change that by itself: the deadline of its drain decides.
    if (free.slots.underWay === 0) start(first.one);
    else {
      const message = `${first.one.target.name} is passed over for now: ${first.obstacle}`;
      shut = { wait: { reason: 'WaitsForBudget', message } };
    }
  }
  return {
    wait: undefined,
    ...shut,
    starts: [...starts, ...leave(joining, course)],
    lookAhead,
  };
}

/** Those of the batch that are not begun, and those that may join it; staged, for a node waits for no download. */
function candidatesOf(workers: readonly Placed[], course: UpdateCourse): Placed[] {
  return workers.filter(
    (worker) => worker.phase === 'Staged' && !worker.target.marked && isWilling(worker, course),
  );
}

/** What is left out by its own annotations goes last, and may not be left out any more by then. */
function leave(joining: readonly Placed[], course: UpdateCourse): readonly Start[] {
  return joining.some((worker) => isWilling(worker, course)) ? [] : skip(joining, course);
}

/** Passes over all that are left out. */
export function skip(workers: readonly Placed[], course: UpdateCourse): readonly Start[] {
  return workers
    .filter(({ phase }) => !isFinal(phase))
    .flatMap(({ target }) => {
      const why = leftOut(target.host, course.wanted, course.nowMs);
      return why === undefined
        ? []
        : [{ target, phase: 'Skipped', ...why, actions: [] } satisfies Start];
    });
}

/** A rollback lists only those that go back; the other workers of the run are of its limit all the same (S3). */
function awayOfRun({ rollback }: UpdateCourse, { plan, nodes }: PlanFacts): string[] {
  if (!rollback) return [];
  return (plan.status?.commands ?? [])
    .filter((command) => command.rollback !== true)
    .flatMap(({ k0supdate }) => k0supdate?.workers ?? [])
    .filter(({ name, cordoned }) => {
      const node = nodes.get(name);
      // A cordon of ours is a slot, which is counted apart.
      return (
        cordoned !== true && node !== undefined && !isAvailable(node, node.cordon !== undefined)
      );
    })
    .map(({ name }) => name);
}

function slotsOf(workers: readonly Placed[], course: UpdateCourse, facts: PlanFacts) {
  const { limit, because: limited } = course.concurrency;
  const inFlight = new Set(
    workers
      .filter(({ target, phase }) => occupiesSlot(target, phase))
      .map(({ target }) => target.name),
  );
  const unavailable = new Set(
    workers
      .filter(
        (worker) =>
          // One that was deleted is missed by nobody: it was taken out of the cluster.
          worker.target.node !== undefined &&
          !isAvailable(worker.target.node, worker.target.marked) &&
          !isOutOfService(worker, course),
      )
      .map(({ target }) => target.name),
  );
  for (const name of awayOfRun(course, facts)) unavailable.add(name);
  const down = [...unavailable].filter((name) => !inFlight.has(name));
  const shared = sharedLimit(workers, limit, facts);
  const fullOfOthers = (occupied: number, isUp: boolean): Wait | undefined => {
    if (shared === undefined) return undefined;
    const { taken, because } = shared;
    const elsewhere = isUp ? taken : shared.inFlight;
    if (occupied + elsewhere.size < shared.limit) return undefined;
    const who = [...taken].slice(0, SHOWN_OTHERS).join(', ');
    const message = `${inFlight.size} under way, ${who} away for other Plans, ${because}`;
    return { reason: 'WaitsForSlot', message };
  };
  return {
    get underWay(): number {
      return inFlight.size;
    },
    take({ name }: Target): void {
      inFlight.add(name);
    },
    /** @returns why no slot is free for this one; undefined where one is */
    full({ node, marked }: Target): Wait | undefined {
      // A node that is down already costs nothing more; it still takes one of the slots.
      const isUp = isAvailable(node, marked);
      const occupied = isUp ? new Set([...inFlight, ...unavailable]).size : inFlight.size;
      if (occupied < limit) return fullOfOthers(occupied, isUp);
      const because = down.length === 0 ? '' : `; ${down.join(', ')} down or cordoned by others`;
      return {
        reason: 'WaitsForSlot',
        message: `${inFlight.size} under way, ${limited}${because}`,
      };
    },
  };
}

/**
 * A healthy node that somebody had cordoned before the run came to it was taken out of service by that person,
 * and so was one that says itself that it is to be left alone. @see docs/adr/0019-batches.md
 */
function isOutOfService({ target }: Standing, course: UpdateCourse): boolean {
  const { node, status, host } = target;
  if (node?.ready !== 'True' || !node.unschedulable) return false;
  return status.cordoned === true || leftOut(host, course.wanted, course.nowMs) !== undefined;
}

function nodeOf({ target }: Standing): NodeFacts {
  return target.node!;
}

/** Whether all of a batch is at its end and given back, and it takes no more. */
export function isOver(
  workers: readonly Placed[],
  batch: BatchStatus,
  course: UpdateCourse,
): boolean {
  return (
    membersOf(workers, batch).every(({ target, phase }) => isFinal(phase) && !target.marked) &&
    isClosed(workers, batch, course)
  );
}
