import type { CommandStatus, Role } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import { baselinePassage } from './baseline-passage.ts';
import type { UpdateCourse } from './course.ts';
import type { Action, PlanFacts } from './facts.ts';

/** A point of a run that approvals, hooks and gates may stand at. */
export type Point =
  | { readonly kind: 'BeforeRun' }
  | { readonly kind: 'BeforeControllers' }
  /** All controllers are at their end. */
  | { readonly kind: 'AfterControllers' }
  | { readonly kind: 'BeforeWorkers' }
  | { readonly kind: 'BeforeBatch'; readonly batch: number }
  /** All workers of the batch are at their end, and its soak is over. */
  | { readonly kind: 'AfterBatch'; readonly batch: number; readonly settledAtMs: number }
  | {
      readonly kind: 'BeforeNode';
      readonly role: Role;
      readonly orderId: string;
      readonly name: string;
    }
  /** The target was committed and given back. */
  | {
      readonly kind: 'AfterNode';
      readonly role: Role;
      readonly orderId: string;
      readonly name: string;
      readonly committedAtMs: number;
    }
  | { readonly kind: 'AfterRun' };

/** What a run finds at a point. */
export type Passage =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'closed';
      readonly reason: Reason;
      readonly message: string;
      /** When to look again even if nothing changes; epoch milliseconds. */
      readonly untilMs?: number;
      /** What has to be done for it to open, such as to begin a Job. */
      readonly actions: readonly Action[];
    }
  /** It does not open any more: the command has failed, whatever its targets say. */
  | { readonly kind: 'failed'; readonly reason: Reason; readonly message: string };

/** Judges whether a run may go past a point. */
export function passage(
  point: Point,
  course: UpdateCourse,
  facts: PlanFacts,
  _command: CommandStatus,
): Passage {
  return baselinePassage(point, course, facts) ?? { kind: 'open' };
}
