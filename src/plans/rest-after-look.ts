/** So many times as long as a short look took is the rest after it, so that looks take a ninth of a core at most. */
const RESTS_PER_LOOK = 8;
/** A look that took longer than this has looked at thousands. */
const LONG_LOOK_MS = 10;
const LONGEST_REST_MS = 4_000;

/** Longest time in which nothing of what Nodes tell is read, while a run is under way. */
export const LONGEST_READING_PAUSE_MS = 1_000;

/** The same while nothing is under way: to read a hundred changes at once costs half of what three times thirty do. */
const IDLE_READING_PAUSE_MS = 3_000;

/**
 * How long nobody looks after a look. Among thousands of targets hundreds are under way, so that each look serves many
 * of them, and none of them has to hurry: there looks take a fiftieth of a core, and on processors that an API server
 * uses as well, where they take several times as long, a twentieth.
 * @param lookMs time of the processor that the look took, milliseconds
 */
export function restAfterMs(lookMs: number): number {
  const longer = Math.max(1, lookMs / LONG_LOOK_MS);
  return Math.min(LONGEST_REST_MS, RESTS_PER_LOOK * lookMs * longer);
}

/**
 * The pause between two readings of what Nodes tell, each time that all has been read; 0: it is read as it comes.
 * @param restMs until the next look may begin
 * @param isIdle nothing is under way, nor left over
 */
export function readingPauseMs(restMs: number, isIdle: boolean): number {
  if (isIdle) return IDLE_READING_PAUSE_MS;
  return restMs > LONGEST_READING_PAUSE_MS ? LONGEST_READING_PAUSE_MS : 0;
}
