import type { Log } from '../../src/log.ts';

/** For tests that assert on the world, not on what is told about it. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
