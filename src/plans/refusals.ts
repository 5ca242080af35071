import type { Refusal } from './preflight.ts';

const SHOWN_REFUSALS = 5;

/** Of refusals or warnings: there may be one of each of thousands of nodes. */
export function summary(refusals: readonly Pick<Refusal, 'message'>[]): string {
  const shown = refusals.slice(0, SHOWN_REFUSALS).map(({ message }) => message);
  const rest = refusals.length - shown.length;
  return rest > 0 ? `${shown.join('; ')}; and ${rest} more` : shown.join('; ');
}
