import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
    for (const line of (await readFile(this.#log, 'utf8')).split('\n')) {
      if (line === '') continue;
      const { verb, objectRef, requestReceivedTimestamp } = JSON.parse(line) as {
        verb: string;
        objectRef?: { resource?: string; subresource?: string };
        requestReceivedTimestamp: string;
      };
      if (Date.parse(requestReceivedTimestamp) < sinceMs) continue;
      const { resource = 'other', subresource } = objectRef ?? {};
      const key = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }
}

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

export function writesOf(requests: Requests): number {
  return sum([...requests].filter(([key]) => WRITES.has(key.split(' ')[0]!)));
}

/** Neither watches, which are counted when they end, nor the reviews of rights. */
export function readsOf(requests: Requests): number {
  return sum([...requests].filter(([key]) => /^(get|list) /.test(key)));
}

function sum(entries: readonly (readonly [string, number])[]): number {
  return entries.reduce((total, [, count]) => total + count, 0);
}
