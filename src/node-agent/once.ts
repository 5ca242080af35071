import type { SignalPhase } from '../signals/report.ts';

/** One sight of an agent in edge mode; milliseconds that only ever go up. */
export interface OnceFacts {
  readonly nowMs: number;
  readonly startedMs: number;
  readonly lingerMs: number;
  readonly reachMs: number;
  /** Of the order under way, if any. */
  readonly phase: SignalPhase | undefined;
  /** The agent waits for nothing but a new order. */
  readonly isIdle: boolean;
  /** When the API last answered; undefined before it has. */
  readonly answeredMs: number | undefined;
  /** The stored report is this run's own, and says how things stand. */
  readonly isTold: boolean;
  /** When the order or what there is to tell last changed. */
  readonly newsMs: number;
}

export type OnceVerdict =
  | { readonly kind: 'stay'; readonly forMs: number }
  | { readonly kind: 'end'; readonly why: 'done' | 'unreachable' };

/** Between two looks while something is under way; it says itself when it has ended. */
const LOOK_AGAIN_MS = 5000;

/**
 * Whether an agent that runs once has done what there is to do now. Nothing that has a deadline of its own,
 * a trial above all, is left to the next run; what waits for a word from others is.
 */
export function judgeOnce(facts: OnceFacts): OnceVerdict {
  const { nowMs } = facts;
  if (!isParked(facts)) return { kind: 'stay', forMs: LOOK_AGAIN_MS };
  if (facts.answeredMs !== undefined && facts.isTold) {
    const leftMs = facts.newsMs + facts.lingerMs - nowMs;
    return leftMs > 0 ? { kind: 'stay', forMs: leftMs } : { kind: 'end', why: 'done' };
  }
  const leftMs = (facts.answeredMs ?? facts.startedMs) + facts.reachMs - nowMs;
  return leftMs > 0 ? { kind: 'stay', forMs: leftMs } : { kind: 'end', why: 'unreachable' };
}

function isParked({ phase, isIdle }: OnceFacts): boolean {
  // what is held is looked at from time to time, for the report; it waits for a person
  return isIdle || phase === 'Held';
}
