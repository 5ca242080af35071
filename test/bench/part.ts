import type { Figure } from './figures.ts';

export interface PartOptions {
  /** What is being waited for, in one short sentence. */
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal;
  /** Gets what an onlooker sees of each update; undefined: nobody wants it. */
  readonly traceFile: string | undefined;
}

/** A part of the bench: measures, and gives its figures in the order in which they are to be read. */
export type Part = (options: PartOptions) => Promise<readonly Figure[]>;
