import type { PlanFacts } from './facts.ts';

/** Names the first run of one generation: the same after any crash, so that its orders are found again. */
export function runIdOf({
  uid,
  generation,
}: Pick<PlanFacts['plan'], 'uid' | 'generation'>): string {
  return `${uid.slice(0, 8)}-${generation}`;
}

/**
 * Names the run that a retry of this one begins: `01234567-1`, `01234567-1-2`, `01234567-1-3`. A name of its
 * own keeps order ids (`RUN.COMMAND.ATTEMPT`) unique, and lets what is left of the run before be tidied up.
 */
export function nextRunId(
  plan: Pick<PlanFacts['plan'], 'uid' | 'generation'>,
  runID: string | undefined,
): string {
  const first = runIdOf(plan);
  const times = runID?.startsWith(`${first}-`) ? Number(runID.slice(first.length + 1)) : 1;
  return `${first}-${times + 1}`;
}
