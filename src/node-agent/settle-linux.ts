import type { AgentFlags } from './config.ts';
import type { Host } from './host.ts';
import { lockHost } from './host-lock-linux.ts';
import type { Layout } from './layout.ts';
import { settle } from './settle.ts';

/** Well within the minute that the service manager gives it, so that the log says what happened. */
const DEADLINE_MS = 50_000;

export interface SettledHost {
  readonly host: Host;
  readonly layout: Layout;
}

/**
 * `autopilot agent settle`: what is open is settled before k0s starts, then it ends.
 * @param know finds k0s; asked only where there is a journal
 * @returns exit code; 1 where something could not be settled, and k0s starts with what is in place
 */
export async function runSettle(
  flags: AgentFlags,
  hasJournal: boolean,
  know: () => Promise<SettledHost>,
): Promise<number> {
  if (!hasJournal) {
    say('info', `no journal in ${flags.stateDir}: nothing is open`);
    return 0;
  }
  // every call may be the last one, so ending in the middle of one is well
  const deadline = setTimeout(() => {
    say('error', `not done within ${DEADLINE_MS / 1000} s: k0s starts with what is in place`);
    process.exit(1);
  }, DEADLINE_MS);
  const unlock = await lockHost(flags.stateDir);
  if (unlock === undefined) {
    clearTimeout(deadline);
    say('info', `an agent runs with ${flags.stateDir}, and settles what is open itself`);
    return 0;
  }
  try {
    const { host, layout } = await know();
    let bad = false;
    await settle(host, layout, (level, message) => {
      bad ||= level === 'error';
      say(level, message);
    });
    return bad ? 1 : 0;
  } finally {
    await unlock();
    clearTimeout(deadline);
  }
}

function say(level: string, message: string): void {
  process.stderr.write(`autopilot agent settle: ${level}: ${message}\n`);
}
