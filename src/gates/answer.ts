/** What one question to a gate came to. */
export interface GateAnswer {
  /** `unknown`: it could not be asked, or what it said cannot be judged; never a pass. */
  readonly outcome: 'pass' | 'fail' | 'unknown';
  /** What was wanted, and what was found. */
  readonly message: string;
}

/** What one gate has answered so far. Times in epoch milliseconds. */
export interface KnownAnswer extends GateAnswer {
  /** When it was asked last: what is true of the time before that moment. */
  readonly atMs: number;
  /** Since when every answer has come to the same. */
  readonly sinceMs: number;
  /** How many answers in a row have been no; unknown ones neither count nor break the row. */
  readonly failures: number;
}

/**
 * @param before what was known before this answer came
 * @param askedAtMs when the question began: nothing later is known by it
 * @param longestGapMs who has not asked for so long does not know what was between
 */
export function learnAnswer(
  before: KnownAnswer | undefined,
  answer: GateAnswer,
  askedAtMs: number,
  longestGapMs: number,
): KnownAnswer {
  const goesOn =
    before?.outcome === answer.outcome && askedAtMs - before.atMs <= longestGapMs
      ? before.sinceMs
      : askedAtMs;
  const rowBefore = before?.failures ?? 0;
  const failures =
    answer.outcome === 'fail' ? rowBefore + 1 : answer.outcome === 'unknown' ? rowBefore : 0;
  return { ...answer, atMs: askedAtMs, sinceMs: goesOn, failures };
}

export function unknown(message: string): GateAnswer {
  return { outcome: 'unknown', message };
}

/** The first of them by name, and how many more there are: messages stay short however large a cluster is. */
export function listed(all: readonly string[], most = 5): string {
  const shown = all.slice(0, most).join('; ');
  return all.length <= most ? shown : `${shown}; and ${all.length - most} more`;
}

/** @returns the text on one line, cut at `most` characters */
export function clip(text: string, most = 300): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
