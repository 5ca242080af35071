/** @returns `2026-11-28T02:00:00Z` of epoch milliseconds */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
