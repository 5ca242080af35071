import { ApiError } from './api-error.ts';
import type { Kube } from './client.ts';
import { type Outcome, patchTarget } from './patch-target.ts';
import type { RawLease } from './raw.ts';

/** Parts of a control plane that have one leader in the cluster and do not give that up when they are stopped. */
const ELECTED = ['kube-controller-manager', 'kube-scheduler'];

/** A controller whose k0s was restarted. */
interface Restarted {
  readonly name: string;
  readonly nodeName?: string | undefined;
  readonly restartedAt: string;
}

/**
 * Frees the Leases that a controller's old processes have left behind, as they would have done themselves had
 * they been told to: without it nobody counts disruption budgets or replaces pods for the 15 s until the
 * Lease runs out. Only what that very host holds, and has not renewed since its old processes were gone.
 *
 * It only saves time. What cannot be read or written (a cluster that calls these Leases otherwise, rights
 * that were not given) is left as it is.
 * Its processes call themselves by the name of the host: in small letters the ControlNode is called so, or else
 * its Node.
 * @param restartedAt by the clock of that host, as `renewTime` is
 * @see client-go tools/leaderelection, `release`
 */
export async function releaseLeadership(
  kube: Kube,
  { name, nodeName = name, restartedAt }: Restarted,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const outcomes = await Promise.all(
    ELECTED.map((lease) => releaseOne(kube, lease, [name, nodeName], restartedAt, signal)),
  );
  return outcomes.find(({ done }) => !done) ?? { done: true };
}

async function releaseOne(
  kube: Kube,
  lease: string,
  hosts: readonly string[],
  restartedAt: string,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${lease}`;
  try {
    const { spec } = await kube.request<RawLease>('GET', path, { signal });
    const holder = spec?.holderIdentity ?? '';
    const renewTime = spec?.renewTime ?? '';
    // `HOST_UUID`; not an update of the Lease by a new process of the same host.
    const who = holder.slice(0, holder.lastIndexOf('_')).toLowerCase();
    if (!hosts.some((host) => host.toLowerCase() === who)) return { done: true };
    if (!(Date.parse(renewTime) < Date.parse(restartedAt))) return { done: true };
    const released = await patchTarget(
      kube,
      path,
      [
        { op: 'test', path: '/spec/holderIdentity', value: holder },
        { op: 'test', path: '/spec/renewTime', value: renewTime },
        { op: 'add', path: '/spec/holderIdentity', value: '' },
        { op: 'add', path: '/spec/leaseDurationSeconds', value: 1 },
      ],
      signal,
    );
    return released.done ? { done: true } : released;
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    return { done: false, why: thrown.message };
  }
}
