import * as z from 'zod';

/** Matches a Go duration as Kubernetes users write it: `90s`, `1h30m`, `250ms`. */
const GO_DURATION = /^(?=.)(?:\d+(?:\.\d+)?h)?(?:\d+(?:\.\d+)?m)?(?:\d+(?:\.\d+)?s)?(?:\d+ms)?$/;

/** For the API server as well, which reads RE2: no lookahead there. */
export const durationSchema = z
  .string()
  .regex(GO_DURATION, 'wanted a duration such as 90s, 5m or 1h30m')
  .max(32)
  .meta({
    'x-kubernetes-validations': [
      {
        rule: "self.matches('^([0-9]+([.][0-9]+)?h)?([0-9]+([.][0-9]+)?m)?([0-9]+([.][0-9]+)?s)?([0-9]+ms)?$') && self != ''",
        message: 'wanted a duration such as 90s, 5m or 1h30m',
      },
    ],
  });

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** @returns milliseconds of a Go duration that {@link policySchema} has accepted */
export function durationMs(text: string): number {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    total += Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return total;
}
