import * as z from 'zod';

/** A number, or a percentage such as `25%`. */
export type CountOrPercent = number | string;

/** @param least the smallest number that makes sense; a percentage is the same number of percent at least */
export function countOrPercent(least: 0 | 1) {
  const wanted = `wanted a number from ${least}, or a percentage from ${least}% to 100%`;
  const percent = `^(100|${least === 0 ? '[0-9]' : '[1-9]'}|[1-9][0-9])%$`;
  const count = z.int(wanted).min(least, wanted);
  const share = z.string().regex(new RegExp(percent), wanted);
  return z.union([count, share], { error: wanted }).meta({
    'x-kubernetes-int-or-string': true,
    maxLength: 4,
    'x-kubernetes-validations': [
      {
        rule: `type(self) == int ? self >= ${least} : self.matches('${percent}')`,
        message: wanted,
      },
    ],
  });
}

/** A percentage is rounded down, as Kubernetes does for what is unavailable. */
export function countOf(bound: CountOrPercent, of: number): number {
  return typeof bound === 'number' ? bound : Math.floor((Number.parseInt(bound, 10) * of) / 100);
}
