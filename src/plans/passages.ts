import type { CommandStatus } from '../api/plan.ts';
import { isBare, type Passage, type Point, passage } from './checkpoint.ts';
import type { UpdateCourse } from './course.ts';
import type { PlanFacts } from './facts.ts';
import { alwaysPassage } from './gate-verdict.ts';
import { hasCommitted, type Schedule } from './start.ts';
import type { Standing } from './target.ts';

/**
 * Asks what holds at any time, and then points in turn.
 * @returns what the first that is not open comes to; undefined where all are
 */
export type Ask = (points: readonly Point[]) => Shut | undefined;

export type Shut = Pick<Schedule, 'wait' | 'actions' | 'failure'>;

/** What is put back passes all of them: they are about a release that may spread. */
export function asking(course: UpdateCourse, facts: PlanFacts, command: CommandStatus): Ask {
  if (course.rollback) return () => undefined;
  const always = shutBy(alwaysPassage(course, facts, command));
  return (points) => {
    if (always !== undefined) return always;
    for (const point of points) {
      const shut = shutBy(passage(point, course, facts, command));
      if (shut !== undefined) return shut;
    }
    return undefined;
  };
}

/** @returns undefined where the passage is open */
export function shutBy(found: Passage): Shut | undefined {
  switch (found.kind) {
    case 'open':
      return undefined;
    case 'closed': {
      const { actions, kind: _, ...wait } = found;
      return { wait, actions };
    }
    case 'failed': {
      const { reason, message } = found;
      return { wait: undefined, failure: { reason, message } };
    }
  }
}

/** One point for each target that this run has committed and given back. */
export function afterNodes(standings: readonly Standing[], course: UpdateCourse): Point[] {
  if (isBare('AfterNode', course)) return [];
  return standings.flatMap(({ target, phase }) => {
    const { role, orderId, name, status, order, marked } = target;
    if (phase !== 'Committed' || marked) return [];
    if (order === undefined && !hasCommitted(target)) return [];
    const committedAtMs =
      status.phase === 'Committed' ? Date.parse(status.lastUpdatedTimestamp) : course.nowMs;
    return [{ kind: 'AfterNode', role, orderId, name, committedAtMs }];
  });
}

export function beforeNode({ target: { role, orderId, name } }: Standing): Point {
  return { kind: 'BeforeNode', role, orderId, name };
}
