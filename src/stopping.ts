/**
 * @returns a signal that is aborted by the first SIGTERM or SIGINT, the second one ends the process as usual; and where
 *   `autopilot both` keeps this process, by the end of its input: then the keeper is gone
 */
export function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  if (process.env.AUTOPILOT_KEPT !== undefined) {
    process.stdin.once('end', () => stop.abort(new Error('its keeper is gone')));
    // nothing is ever said there, and it must not hold up an end
    process.stdin.resume().unref?.();
  }
  return stop.signal;
}
