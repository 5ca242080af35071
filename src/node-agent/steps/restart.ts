import type { Host } from '../host.ts';
import type { OpenSignal } from '../journal.ts';

/**
 * Starts k0s with the binary that is now in place. Journalled before with the process of then, so that a
 * restart that was cut short is known by its traces: another process, or another boot.
 */
export async function restart(
  host: Host,
  before: NonNullable<OpenSignal['restart']>,
): Promise<{ readonly gapMs: number | undefined }> {
  if (before.bootId !== host.clock.bootId()) return { gapMs: undefined };
  const { pid } = await host.service.state();
  if (pid !== undefined && pid !== before.oldPid) return { gapMs: undefined };
  return host.service.restart();
}
