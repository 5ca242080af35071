/** What a figure may be; judged by its worst sample. */
export type Bound = { readonly atMost: number } | { readonly atLeast: number };

/** One measured figure, with how it was measured. */
export interface Figure {
  readonly name: string;
  /** `x`: a ratio; empty: a count. */
  readonly unit: 'ms' | 's' | 'MB' | '%' | 'x' | '';
  readonly median: number;
  /** The highest, or the lowest where the bound is one from below. */
  readonly worst: number;
  readonly samples: number;
  /** Absent where there is none. */
  readonly bound?: Bound;
  readonly method: string;
}

/** @throws RangeError when there is nothing to measure by */
export function figure(
  rest: Pick<Figure, 'name' | 'unit' | 'method' | 'bound'>,
  values: readonly number[],
): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const worst = rest.bound && 'atLeast' in rest.bound ? sorted[0] : sorted.at(-1);
  if (median === undefined || worst === undefined) throw new RangeError(`${rest.name}: no samples`);
  return { ...rest, median: rounded(median), worst: rounded(worst), samples: sorted.length };
}

export function isWithin({ bound, worst }: Figure): boolean {
  if (bound === undefined) return true;
  return 'atMost' in bound ? worst <= bound.atMost : worst >= bound.atLeast;
}

/** A table for people. */
export function figureLines(figures: readonly Figure[]): readonly string[] {
  const name = Math.max(...figures.map((one) => one.name.length));
  return figures.flatMap((one) => {
    const { unit, median, worst, samples } = one;
    const values = `median ${median} ${unit}`.padEnd(20) + `worst ${worst} ${unit}`.padEnd(20);
    return [
      `${one.name.padEnd(name)}  ${values}${`n=${samples}`.padEnd(6)}${verdict(one)}`.trimEnd(),
      `${' '.repeat(name)}  ${one.method}`,
    ];
  });
}

function verdict(one: Figure): string {
  const { bound, unit } = one;
  if (bound === undefined) return '';
  const limit = 'atMost' in bound ? `at most ${bound.atMost}` : `at least ${bound.atLeast}`;
  return `${limit} ${unit} ${isWithin(one) ? 'met' : 'EXCEEDED'}`;
}

/** To three digits, and to a tenth where there are more. */
function rounded(value: number): number {
  return Math.abs(value) < 10 ? Math.round(value * 100) / 100 : Math.round(value * 10) / 10;
}
