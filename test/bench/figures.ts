/** One measured figure, with how it was measured. */
export interface Figure {
  readonly name: string;
  readonly unit: 'ms' | 's' | 'MB' | '%';
  readonly median: number;
  readonly worst: number;
  readonly samples: number;
  /** Not to be exceeded by `worst`; absent where there is none. */
  readonly bound?: number;
  readonly method: string;
}

/** @throws RangeError when there is nothing to measure by */
export function figure(
  rest: Pick<Figure, 'name' | 'unit' | 'method'> & { readonly bound?: number },
  values: readonly number[],
): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const worst = sorted.at(-1);
  if (median === undefined || worst === undefined) throw new RangeError(`${rest.name}: no samples`);
  return { ...rest, median: rounded(median), worst: rounded(worst), samples: sorted.length };
}

export function isWithin({ bound, worst }: Figure): boolean {
  return bound === undefined || worst <= bound;
}

/** A table for people. */
export function figureLines(figures: readonly Figure[]): readonly string[] {
  const name = Math.max(...figures.map((one) => one.name.length));
  return figures.flatMap((one) => {
    const { unit, median, worst, samples, bound } = one;
    const limit = bound === undefined ? '' : `bound ${bound} ${unit} `;
    const verdict = bound === undefined ? '' : isWithin(one) ? 'met' : 'EXCEEDED';
    const values = `median ${median} ${unit}`.padEnd(20) + `worst ${worst} ${unit}`.padEnd(20);
    return [
      `${one.name.padEnd(name)}  ${values}${`n=${samples}`.padEnd(6)}${limit}${verdict}`.trimEnd(),
      `${' '.repeat(name)}  ${one.method}`,
    ];
  });
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
