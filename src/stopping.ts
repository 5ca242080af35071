/** @returns a signal that is aborted by the first SIGTERM or SIGINT; the second one ends the process as usual */
export function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  return stop.signal;
}
