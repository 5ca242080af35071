import { GOALS, type Goal, type Order, parseOrder } from '../signals/order.ts';

/** What the agent knows of its order. */
export type OrderView =
  /** The API has not been heard since this agent was started. */
  | { readonly kind: 'unheard' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'valid'; readonly order: Order }
  /** `addressed` is what an answer needs, where as much can be made out. */
  | { readonly kind: 'invalid'; readonly message: string; readonly addressed?: Addressed };

export interface Addressed {
  readonly id: string;
  readonly attempt: number;
  readonly epoch: number;
  readonly goal: Goal;
}

export const UNHEARD: OrderView = { kind: 'unheard' };

/** Reads the annotation as it is stored; whoever wrote it, this never throws. */
export function viewOrder(text: string | undefined): OrderView {
  const parsed = parseOrder(text);
  if (parsed.kind === 'absent') return { kind: 'absent' };
  if (parsed.kind === 'valid') return { kind: 'valid', order: parsed.value };
  const addressed = addressOf(text ?? '');
  return { kind: 'invalid', message: parsed.message, ...(addressed && { addressed }) };
}

function addressOf(text: string): Addressed | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const { id, attempt, epoch, goal } = json as Record<string, unknown>;
  if (typeof id !== 'string' || id === '') return undefined;
  return {
    id,
    attempt: Number.isSafeInteger(attempt) ? (attempt as number) : 1,
    epoch: Number.isSafeInteger(epoch) ? (epoch as number) : 0,
    goal: GOALS.find((known) => known === goal) ?? 'stage',
  };
}
