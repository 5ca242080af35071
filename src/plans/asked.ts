import type { Asked } from '../api/requests.ts';

/** `ann asked for it at 2026-03-01T22:00:00.000Z` */
export function describeAsked({ by, at }: Asked): string {
  return `${by} asked for it at ${at}`;
}
