import { LEADER_LEASE, NAMESPACE } from '../api/meta.ts';
import { isForbidden, isNotFound } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import { isHolderOfK0s } from '../kube/leader-decision.ts';
import type { RawLease } from '../kube/raw.ts';
import type { Leader } from '../plans/explain.ts';

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${LEADER_LEASE}`;

/** Who may read Plans may not always read Leases: the rest is explained all the same. */
export async function readLeader(kube: Kube): Promise<Leader> {
  try {
    const { spec } = await kube.request<RawLease>('GET', LEASE);
    const holder = spec?.holderIdentity || undefined;
    const renewedMs = Date.parse(spec?.renewTime ?? '');
    if (holder === undefined || Number.isNaN(renewedMs)) return { kind: 'gone' };
    // Stamped by the holder's clock: compared with the API server's, both are kept by NTP or neither.
    const silentMs = (kube.serverClock.nowMs() ?? Date.now()) - renewedMs;
    const toleratedMs = (spec?.leaseDurationSeconds ?? 15) * 2_000;
    if (silentMs > toleratedMs) return { kind: 'gone', holder, silentMs };
    return { kind: isHolderOfK0s(holder) ? 'k0s' : 'alive', holder };
  } catch (thrown) {
    if (isNotFound(thrown)) return { kind: 'gone' };
    if (isForbidden(thrown)) return { kind: 'unknown' };
    throw thrown;
  }
}
