import type { Host } from '../host.ts';
import type { Look } from '../trial.ts';

/** Looks at the running k0s once. What cannot be seen is part of the answer. */
export async function look(host: Host): Promise<Look> {
  const status = await host.k0s.status();
  const service = await host.service.state().catch(() => undefined);
  const pid = status.kind === 'answers' ? status.pid : service?.pid;
  const sha256 = pid === undefined ? undefined : await host.k0s.runningSha256(pid);
  return { status, service, sha256 };
}
