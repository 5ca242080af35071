/** One answer of one API server about itself, and when it was asked. */
export interface Readiness {
  readonly ready: 'True' | 'False' | 'Unknown';
  /** For a person: which check failed, or why there was no answer. */
  readonly message: string;
  /** Epoch milliseconds by our clock; 0 where it was never asked. */
  readonly atMs: number;
}

/** The newest answer, and for how long the ones before it have been the same. */
export interface KnownReadiness extends Readiness {
  /** When `ready` was first what it is now, with no other answer and no long silence of ours since. */
  readonly sinceMs: number;
}

/** Who has not asked for so long does not know what was between: from one question to the next is 3 s at most. */
const LONGEST_GAP_MS = 5_000;

/** @param before what was known before this answer came */
export function learn(before: KnownReadiness | undefined, now: Readiness): KnownReadiness {
  const goesOn = before?.ready === now.ready && now.atMs - before.atMs <= LONGEST_GAP_MS;
  return { ...now, sinceMs: goesOn ? before.sinceMs : now.atMs };
}

/** What came of one question. */
export type ReadyzAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  /** Refused, cut off, or silent: whatever the reason, nobody is served there. */
  | { readonly kind: 'silent'; readonly why: string }
  /** It was up to us: no address, or no way to know that the right one answers. */
  | { readonly kind: 'notAsked'; readonly why: string };

/**
 * - True: it answered 200.
 * - False: it answered anything else, or did not answer: users of that API server are as badly off as we.
 * - Unknown: it could not be asked, or our credentials were not accepted: says nothing about its health.
 */
export function judgeReadyz(answer: ReadyzAnswer, atMs: number): Readiness {
  switch (answer.kind) {
    case 'notAsked':
      return { ready: 'Unknown', message: answer.why, atMs };
    case 'silent':
      return { ready: 'False', message: `no answer: ${answer.why}`, atMs };
    case 'answered':
      if (answer.status === 200) return { ready: 'True', message: 'ready', atMs };
      if (answer.status === 401 || answer.status === 403) {
        return { ready: 'Unknown', message: `we may not ask: HTTP ${answer.status}`, atMs };
      }
      return { ready: 'False', message: failureOf(answer.status, answer.body), atMs };
  }
}

/** The list of checks comes with every failure: `[+]ping ok`, `[-]etcd failed: reason withheld`. */
function failureOf(status: number, body: string): string {
  const failed = [...body.matchAll(/^\[-\](\S+)/gm)].map(([, check]) => check);
  if (failed.length === 0) return `HTTP ${status}: ${body.slice(0, 120).trim() || 'no text'}`;
  return `failed: ${failed.join(', ')} (HTTP ${status})`;
}
