import type { CommandStatus, TargetStatus } from '../api/plan.ts';
import type { Policy } from '../api/policy.ts';
import type { Approval } from '../api/policy-batches.ts';
import type { UpdateCourse } from './course.ts';
import { closed, OPEN, type Passage, type Point } from './point.ts';
import { isFinal } from './target.ts';

/** What may be approved: `Controllers`, `Workers`, `Batch/2`. */
export type Approvable = 'Controllers' | 'Workers' | `Batch/${number}`;

/** Waits for a person where the policy says so; nothing but a person, or the end of the run, ends it. */
export function approvalPassage(
  point: Point,
  { policy, plan }: Pick<UpdateCourse, 'policy' | 'plan'>,
  command: CommandStatus,
): Passage {
  const of = approvableAt(point);
  if (of === undefined || !isWanted(of, policy, command)) return OPEN;
  if (approvalOf(of, command) !== undefined) return OPEN;
  return closed(
    'WaitsForApproval',
    `a person has to look before ${describe(of)}: autopilot approve ${plan.name} --of ${of}`,
  );
}

export function approvalOf(of: Approvable, { approvals }: CommandStatus) {
  return approvals?.find((one) => one.of === of);
}

/** What a person approves at a point. */
function approvableAt(point: Point): Approvable | undefined {
  switch (point.kind) {
    case 'BeforeControllers':
      return 'Controllers';
    case 'BeforeWorkers':
      return 'Workers';
    case 'BeforeBatch':
      return `Batch/${point.batch}`;
    default:
      return undefined;
  }
}

/** Whether the policy wants it of this command, which has something left to be touched there. */
export function isWanted(
  of: Approvable,
  { approvals }: Pick<Policy, 'approvals'>,
  { k0supdate }: CommandStatus,
): boolean {
  const wants = (one: Approval) => approvals.includes(one);
  const isOpen = (targets: readonly TargetStatus[] = []) =>
    targets.some(({ phase }) => !isFinal(phase));
  switch (of) {
    case 'Controllers':
      return wants('BeforeControllers') && isOpen(k0supdate?.controllers);
    case 'Workers':
      return wants('BeforeWorkers') && isOpen(k0supdate?.workers);
    // It stands where Workers does: one look is enough.
    case 'Batch/1':
      return wants('BeforeEachBatch') && !wants('BeforeWorkers') && isOpen(k0supdate?.workers);
    default:
      return wants('BeforeEachBatch') && isOpen(k0supdate?.workers);
  }
}

/**
 * What the command waits for, or comes to next if nothing else is in the way.
 * @returns undefined where no approval is missing until something has ended that is under way
 */
export function awaitedApproval(
  command: CommandStatus,
  policy: Pick<Policy, 'approvals'>,
): Approvable | undefined {
  const controllers = command.k0supdate?.controllers ?? [];
  const missing = (of: Approvable) =>
    isWanted(of, policy, command) && approvalOf(of, command) === undefined ? of : undefined;
  if (!controllers.every(({ phase }) => isFinal(phase))) return missing('Controllers');
  const { batch } = command;
  if (batch === undefined) return missing('Workers') ?? missing('Batch/1');
  return batch.settledAt === undefined ? undefined : missing(`Batch/${batch.number + 1}`);
}

/** `the controllers`, `batch 2` */
export function describe(of: Approvable): string {
  if (of === 'Controllers') return 'the controllers';
  return of === 'Workers' ? 'the workers' : `batch ${of.slice('Batch/'.length)}`;
}

/** @returns undefined for what nobody could approve */
export function parseApprovable(text: string): Approvable | undefined {
  if (text === 'Controllers' || text === 'Workers') return text;
  return /^Batch\/[1-9]\d{0,5}$/.test(text) ? (text as Approvable) : undefined;
}
