import type { Request } from '../api/requests.ts';

/** What people write of an object, and what tells that they have. */
export interface Wished {
  /** Counts the changes of a spec. */
  readonly generation: number;
  readonly deleted?: boolean;
  readonly requests?: readonly Request[];
}

/** @returns whether people have written to it: what we write, or the API server does, is no wish */
export function isWish(before: Wished | undefined, now: Wished): boolean {
  if (before === undefined) return true;
  const asked = now.requests?.some(({ nonce }) =>
    before.requests?.every((one) => one.nonce !== nonce),
  );
  return before.generation !== now.generation || before.deleted !== now.deleted || asked === true;
}
