import type { Reason } from '../api/reasons.ts';
import type { Answer } from './answer.ts';
import type { ChannelFacts } from './channel-facts.ts';
import type { Offered } from './offered.ts';
import type { Schedule } from './schedule.ts';

/** A look that is older than so many of the pauses between looks is not acted upon. */
const STALE_AFTER_LOOKS = 4;
const LEAST_FRESH_MS = 120_000;

export type Fresh =
  | { readonly kind: 'fresh'; readonly offered: Offered }
  | { readonly kind: 'none'; readonly reason: Reason; readonly message: string };

/** What may be acted upon: the last answer, as long as nothing was refused since and it is not too old. */
export function freshOffer(
  { look, last, nowMs, config }: ChannelFacts,
  schedule: Schedule,
  pollMs: number,
): Fresh {
  if (look === undefined || look.generation !== config.generation) {
    return {
      kind: 'none',
      reason: 'NotAsked',
      message:
        'the channel has not been asked since this leader began, or since the spec was written',
    };
  }
  // A lie is no reason to act upon what was said before it; a server that is away is none not to.
  if (look.answer.kind === 'refused') return { kind: 'none', ...saidOf(look.answer) };
  if (last === undefined) {
    return look.answer.kind === 'unreachable'
      ? { kind: 'none', ...saidOf(look.answer) }
      : { kind: 'none', reason: 'NotAsked', message: 'the channel has not been asked yet' };
  }
  const { expiresMs } = last.offered;
  if (expiresMs !== undefined && nowMs >= expiresMs) {
    return {
      kind: 'none',
      reason: 'IndexExpired',
      message: `the last index expired at ${iso(expiresMs)}, and the server has no other one`,
    };
  }
  const freshMs = Math.max(LEAST_FRESH_MS, pollMs * STALE_AFTER_LOOKS);
  if (schedule.kind === 'periodic' && nowMs - last.atMs > freshMs) {
    return {
      kind: 'none',
      reason: 'IndexStale',
      message: `the last good answer came at ${iso(last.atMs)}; since then: ${look.answer.kind === 'unreachable' ? look.answer.message : 'none'}`,
    };
  }
  return { kind: 'fresh', offered: last.offered };
}

function saidOf({ reason, message }: Exclude<Answer, { kind: 'offered' }>) {
  return { reason, message };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
