import type { Log } from '../log.ts';
import { livez, type Pulse } from './probes.ts';

/** Between two looks at oneself. */
const LOOK_MS = 15_000;
/** One look may come before loops that were held up have had their turn. */
const LOOKS = 2;

export interface SelfCheckOptions {
  readonly pulse: () => Pulse;
  readonly log: Log;
  /** Ends the process, for a service manager to start it anew. */
  readonly end: () => void;
  readonly lookMs?: number;
}

/**
 * Asks oneself what `/livez` would answer, for a service manager that asks nobody: an orchestrator whose loops do
 * not turn any more ends, and is started again. @returns what stops it
 */
export function checkOneself({ pulse, log, end, lookMs = LOOK_MS }: SelfCheckOptions): () => void {
  let failures = 0;
  const timer = setInterval(() => {
    const { ok, text } = livez(pulse());
    failures = ok ? 0 : failures + 1;
    if (failures < LOOKS) return;
    clearInterval(timer);
    log.error({ why: text }, 'its loops do not turn any more, ending to be started anew');
    end();
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}
