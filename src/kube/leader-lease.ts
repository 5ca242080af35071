import { LEADER_LEASE, NAMESPACE } from '../api/meta.ts';
import { isNotFound } from './api-error.ts';
import { CONTENT_TYPE, type Kube } from './client.ts';
import type { LeaseRecord } from './leader-decision.ts';
import { FIELD_MANAGER } from './patch-target.ts';
import type { RawLease } from './raw.ts';

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
const LEASE = `${LEASES}/${LEADER_LEASE}`;

export interface LeaseWrite {
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
  /** Also says when the Lease was acquired; a renewal leaves that as it is. */
  readonly acquired: boolean;
}

/** The Lease of the leader as the API server keeps it. All of these throw as {@link Kube.request} does. */
export interface LeaseStore {
  read(timeoutMs: number): Promise<LeaseRecord | undefined>;
  create(write: LeaseWrite, timeoutMs: number): Promise<LeaseRecord>;
  /** @throws ApiError 409 where somebody has written since `resourceVersion` */
  update(resourceVersion: string, write: LeaseWrite, timeoutMs: number): Promise<LeaseRecord>;
}

export function createLeaseStore(kube: Kube): LeaseStore {
  return {
    async read(timeoutMs) {
      try {
        return toRecord(await kube.request<RawLease>('GET', LEASE, { timeoutMs }));
      } catch (thrown) {
        if (isNotFound(thrown)) return undefined;
        throw thrown;
      }
    },
    async create(write, timeoutMs) {
      const body = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: LEADER_LEASE, namespace: NAMESPACE },
        spec: toSpec(write),
      };
      const query = { fieldManager: FIELD_MANAGER };
      return toRecord(await kube.request<RawLease>('POST', LEASES, { query, body, timeoutMs }));
    },
    async update(resourceVersion, write, timeoutMs) {
      // A merge patch: labels and whatever else others keep on the Lease stay as they are.
      const patched = await kube.request<RawLease>('PATCH', LEASE, {
        query: { fieldManager: FIELD_MANAGER },
        contentType: CONTENT_TYPE.mergePatch,
        body: { metadata: { resourceVersion }, spec: toSpec(write) },
        timeoutMs,
      });
      return toRecord(patched);
    },
  };
}

/** The times are for people and for client-go's sake; candidates go by what they saw change, and when. */
function toSpec({ holder, durationMs, transitions, acquired }: LeaseWrite) {
  const now = new Date().toISOString().replace('Z', '000Z');
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1000)),
    leaseTransitions: transitions,
    renewTime: now,
    ...(acquired ? { acquireTime: now } : {}),
  };
}

function toRecord({ metadata, spec }: RawLease): LeaseRecord {
  return {
    holder: spec?.holderIdentity ?? '',
    durationMs: (spec?.leaseDurationSeconds ?? 0) * 1000,
    transitions: spec?.leaseTransitions ?? 0,
    resourceVersion: metadata.resourceVersion,
  };
}
