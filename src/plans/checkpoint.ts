import type { CommandStatus } from '../api/plan.ts';
import { approvalPassage } from './approvals.ts';
import { baselinePassage } from './baseline-passage.ts';
import { isBehind } from './behind.ts';
import type { UpdateCourse } from './course.ts';
import type { PlanFacts } from './facts.ts';
import { gatePassage } from './gate-verdict.ts';
import { hookPassage } from './hooks.ts';
import { jobGatePassage } from './job-gates.ts';
import { inTurn, OPEN, type Passage, type Point, together } from './point.ts';

export type { Passage, Point } from './point.ts';

/**
 * Judges whether a run may go past a point. Before something is begun a person is asked first, and only then
 * hooks are run; after it hooks, Jobs and other gates are asked side by side.
 */
export function passage(
  point: Point,
  course: UpdateCourse,
  facts: PlanFacts,
  command: CommandStatus,
): Passage {
  if (isBare(point.kind, course) || isBehind(point, command, facts)) return OPEN;
  const parts = [course, facts, command] as const;
  return inTurn([
    baselinePassage(point, course, facts) ?? OPEN,
    approvalPassage(point, course, command),
    together([
      hookPassage(point, ...parts),
      jobGatePassage(point, ...parts),
      gatePassage(point, ...parts),
    ]),
  ]);
}

/** Of a node, of which there may be thousands: whether the policy lets nothing stand there at all. */
export function isBare(kind: Point['kind'], { policy }: UpdateCourse): boolean {
  if (kind !== 'BeforeNode' && kind !== 'AfterNode') return false;
  return (
    !policy.hooks.some(({ when }) => when.includes(kind)) &&
    (kind === 'BeforeNode' || !policy.gates.some(({ when }) => when?.includes(kind)))
  );
}
