import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { LEADER_LEASE, NAMESPACE } from '../../src/api/meta.ts';
import { CONTENT_TYPE, type Kube } from '../../src/kube/client.ts';

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
const text = { type: 'string' } as const;
const objectOf = (properties: object, required: readonly string[] = []) => ({
  ...{ type: 'object', properties },
  ...(required.length === 0 ? {} : { required }),
});

const SCHEMAS = {
  Plan: {
    spec: objectOf({ id: text, timestamp: text, commands: { type: 'array', items: anything } }, [
      'commands',
      'id',
      'timestamp',
    ]),
    status: objectOf({ state: text, commands: { type: 'array', items: anything } }, [
      'commands',
      'state',
    ]),
  },
  ControlNode: {
    status: objectOf({
      k0sVersion: text,
      addresses: { type: 'array', items: objectOf({ type: text, address: text }) },
    }),
  },
  UpdateConfig: { spec: anything },
} as const;

/**
 * Definitions of the shape that k0s has: what is ours is not among them, and a status has to have its list. With
 * $K0S_CRDS, a folder, those that are in it.
 */
export async function k0sDefinitions(): Promise<string> {
  const folder = process.env.K0S_CRDS;
  if (folder !== undefined) {
    const files = (await readdir(folder)).filter((name) => name.startsWith('autopilot.'));
    return (await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))).join(
      '\n---\n',
    );
  }
  return Object.entries(SCHEMAS)
    .map(([kind, properties]) =>
      definitionOf(kind, 'autopilot.k0sproject.io', 'v1beta2', objectOf(properties)),
    )
    .join('---\n');
}

/** Of a kind of which nothing matters but that there are such objects. */
export function anyKind(kind: string, group: string): string {
  return definitionOf(kind, group, 'v1beta1', anything);
}

function definitionOf(kind: string, group: string, version: string, schema: object): string {
  const singular = kind.toLowerCase();
  const hasStatus = 'properties' in schema && 'status' in (schema.properties as object);
  return stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${singular}s.${group}` },
    spec: {
      ...{ group, scope: 'Cluster' },
      names: { kind, listKind: `${kind}List`, plural: `${singular}s`, singular },
      versions: [
        {
          ...{ name: version, served: true, storage: true },
          ...(hasStatus ? { subresources: { status: {} } } : {}),
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  });
}

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;

/** Holds the Lease as the Autopilot of k0s does: by the id of its process, and a label that repeats it. */
export class K0sLeader {
  static readonly holder = 'b1946ac92492d2347c6235b4d2611184';
  readonly #kube: Kube;
  readonly #stop = new AbortController();
  #renewing: Promise<void> = Promise.resolve();

  constructor(kube: Kube) {
    this.#kube = kube;
  }

  async lead(): Promise<void> {
    const now = stamp();
    await this.#kube.request('POST', LEASES, {
      body: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: {
          name: LEADER_LEASE,
          labels: { 'autopilot.k0sproject.io/central-cordoning': K0sLeader.holder },
        },
        spec: {
          holderIdentity: K0sLeader.holder,
          leaseDurationSeconds: 60,
          leaseTransitions: 4,
          ...{ acquireTime: now, renewTime: now },
        },
      },
    });
    this.#renewing = this.#renew();
  }

  async #renew(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await delay(2_000, undefined, { signal: this.#stop.signal }).catch(() => {});
      if (!this.#stop.signal.aborted) await this.#patch({ renewTime: stamp() });
    }
  }

  /** As client-go gives a Lease back when its process is told to end. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
    await this.#patch({ holderIdentity: '', leaseDurationSeconds: 1, renewTime: stamp() });
  }

  async #patch(spec: object): Promise<void> {
    await this.#kube.request('PATCH', `${LEASES}/${LEADER_LEASE}`, {
      contentType: CONTENT_TYPE.mergePatch,
      body: { spec },
    });
  }
}

function stamp(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
