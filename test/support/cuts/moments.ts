import fc from 'fast-check';
import type { OpenSignal } from '../../../src/node-agent/journal.ts';

/** When a host loses its power: so long after its agent has come to a phase, or after the Plan was applied. */
export type Moment =
  | { readonly kind: 'step'; readonly phase: OpenSignal['phase']; readonly delayMs: number }
  | { readonly kind: 'time'; readonly afterMs: number };

export interface Cut {
  readonly host: string;
  readonly moment: Moment;
  /** How long it stays off. */
  readonly offMs: number;
}

/** Phases, and for how long after its beginning each is of interest. */
const STEPS: readonly (readonly [OpenSignal['phase'], number])[] = [
  ['Downloading', 2500],
  ['Staged', 500],
  ['Applying', 1500],
  ['OnTrial', 300],
  ['OnTrial', 8000],
  ['Committed', 500],
];
/** Met only where the release is a bad one. */
const STEPS_OF_AN_UNDO: typeof STEPS = [
  ['Undoing', 1000],
  ['Undoing', 200],
];
const LONGEST_UPDATE_MS = 60_000;
const OFF_MS = { min: 200, max: 3000 };

const upTo = (max: number) => fc.noBias(fc.nat({ max }));
const atSomeStep = (steps: typeof STEPS): fc.Arbitrary<Moment> =>
  fc
    .constantFrom(...steps)
    .chain(([phase, lastsMs]) =>
      upTo(lastsMs).map((delayMs) => ({ kind: 'step', phase, delayMs }) as const),
    );
const atSomeTime: fc.Arbitrary<Moment> = upTo(LONGEST_UPDATE_MS).map(
  (afterMs) => ({ kind: 'time', afterMs }) as const,
);
/** Of four, three are tied to a step, so that the short ones are met as often as the long ones. */
const someCut = (steps: typeof STEPS) =>
  fc.record({
    moment: fc.oneof(
      { weight: 3, arbitrary: atSomeStep(steps) },
      { weight: 1, arbitrary: atSomeTime },
    ),
    offMs: fc.noBias(fc.integer(OFF_MS)),
  });

/**
 * One cut for each host; the same ones for the same seed.
 * @param isUndone whether the release is one that has to be undone
 */
export function cutsFor(hosts: readonly string[], seed: number, isUndone = false): readonly Cut[] {
  const steps = isUndone ? [...STEPS, ...STEPS_OF_AN_UNDO] : STEPS;
  const cuts = fc.sample(someCut(steps), { numRuns: hosts.length, seed });
  return hosts.map((host, i) => ({ host, ...cuts[i]! }));
}

export function describeCut({ host, moment, offMs }: Cut): string {
  const when =
    moment.kind === 'step'
      ? `${moment.delayMs} ms into ${moment.phase}`
      : `${moment.afterMs} ms after the Plan was applied`;
  return `${host}: ${when}, off for ${offMs} ms`;
}
