import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RUNNING } from '../../../src/drain/pod-store.ts';
import { PAGE, PROTOBUF_PAGE } from '../../../src/kube/informer.ts';
import { NODE_LEASES, NODES } from '../../../src/kube/target-path.ts';

/** What informers read in protobuf, as {@link Audit.informersLists} names it. */
const IN_PROTOBUF: ReadonlySet<string> = new Set([
  `${NODES} `,
  `${NODE_LEASES} `,
  `/api/v1/pods ${RUNNING}`,
]);

/** Requests of one user, by `PATCH nodes` and the like, as the API server itself has counted them. */
export type Requests = ReadonlyMap<string, number>;

/** Makes the API server write down each request of one user, and nothing of others. */
export class Audit {
  /** For `spec.api.extraArgs`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly #log: string;

  private constructor(folder: string) {
    this.#log = join(folder, 'audit.log');
    this.flags = {
      'audit-policy-file': join(folder, 'audit-policy.yaml'),
      'audit-log-path': this.#log,
      'audit-log-mode': 'batch',
    };
  }

  static async of(user: string, folder: string): Promise<Audit> {
    const audit = new Audit(folder);
    const policy = {
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived', 'ResponseStarted'],
      rules: [{ level: 'Metadata', users: [user] }, { level: 'None' }],
    };
    await writeFile(audit.flags['audit-policy-file']!, JSON.stringify(policy));
    return audit;
  }

  /** @param sinceMs epoch milliseconds: what was received before does not count */
  async requests(sinceMs: number): Promise<Requests> {
    const counts = new Map<string, number>();
    for (const { verb, objectRef } of await this.#events(sinceMs)) {
      const { resource = 'other', subresource } = objectRef ?? {};
      const key = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  /** How often each collection was listed by an informer and answered, by its path and selectors. */
  async informersLists(sinceMs: number): Promise<Requests> {
    const counts = new Map<string, number>();
    for (const { verb, requestURI, responseStatus } of await this.#events(sinceMs)) {
      const { pathname, searchParams } = new URL(requestURI, 'https://any');
      const key = `${pathname} ${searchParams.get('fieldSelector') ?? ''}`;
      // Gates list as well, and by pages that tell them from informers of the same collection.
      const page = IN_PROTOBUF.has(key) ? PROTOBUF_PAGE : PAGE;
      const isFirstPage =
        searchParams.get('limit') === String(page) && !searchParams.has('continue');
      if (verb !== 'list' || !isFirstPage || responseStatus?.code !== 200) continue;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  async #events(sinceMs: number): Promise<AuditEvent[]> {
    return (
      (await readFile(this.#log, 'utf8'))
        .split('\n')
        // Where the power was cut, the last one may be there in part.
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line) as AuditEvent)
        .filter(({ requestReceivedTimestamp: at }) => Date.parse(at) >= sinceMs)
    );
  }
}

interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly requestReceivedTimestamp: string;
  readonly responseStatus?: { readonly code?: number };
}

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

export function writesOf(requests: Requests): number {
  return sum([...requests].filter(([key]) => WRITES.has(key.split(' ')[0]!)));
}

/**
 * Of objects: neither watches, which are counted when they end, nor the reviews of rights, nor the health of each API
 * server, which is asked for once a second however many nodes there are.
 */
export function readsOf(requests: Requests): number {
  return sum([...requests].filter(([key]) => /^(get|list) (?!other$)/.test(key)));
}

function sum(entries: readonly (readonly [string, number])[]): number {
  return entries.reduce((total, [, count]) => total + count, 0);
}
