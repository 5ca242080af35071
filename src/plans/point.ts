import type { Role } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import type { Action } from './facts.ts';

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

export const OPEN: Passage = { kind: 'open' };

export function closed(
  reason: Reason,
  message: string,
  more: { readonly untilMs?: number; readonly actions?: readonly Action[] } = {},
): Passage {
  return { kind: 'closed', reason, message, actions: [], ...more };
}

/** `BeforeRun`, `AfterBatch/2`, `BeforeNode/w1`: for messages, and the same for the same point of a run. */
export function pointText(point: Point): string {
  if ('batch' in point) return `${point.kind}/${point.batch}`;
  return 'name' in point ? `${point.kind}/${point.name}` : point.kind;
}

/** What stands side by side at one point: all of it has to open, and one that has failed is enough. */
export function together(passages: readonly Passage[]): Passage {
  const failed = passages.find(({ kind }) => kind === 'failed');
  if (failed !== undefined) return failed;
  const waits = passages.filter((one) => one.kind === 'closed');
  const [first] = waits;
  if (first === undefined) return OPEN;
  const untils = waits.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]));
  return closed(first.reason, waits.map(({ message }) => message).join('; '), {
    ...(untils.length === 0 ? {} : { untilMs: Math.min(...untils) }),
    actions: waits.flatMap(({ actions }) => actions),
  });
}

/** What stands one behind the other: the next is looked at once the one before is open. */
export function inTurn(passages: readonly Passage[]): Passage {
  return passages.find(({ kind }) => kind !== 'open') ?? OPEN;
}
