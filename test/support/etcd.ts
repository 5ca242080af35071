import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { ApiServer } from './api-server.ts';

const PORT = 2379;

/** The etcd behind an API server, asked past it. */
export class Etcd {
  readonly #address: string;
  readonly #agent: Agent;

  private constructor(address: string, agent: Agent) {
    this.#address = address;
    this.#agent = agent;
  }

  static async of({ address, pki }: ApiServer): Promise<Etcd> {
    const [ca, cert, key] = await Promise.all(
      ['etcd/ca.crt', 'apiserver-etcd-client.crt', 'apiserver-etcd-client.key'].map((file) =>
        readFile(join(pki, file)),
      ),
    );
    return new Etcd(address, new Agent({ ca: ca!, cert: cert!, key: key! }));
  }

  /** Forgets all history up to now: who watches from before has to list anew. */
  async compact(): Promise<void> {
    const key = Buffer.from('/').toString('base64');
    const found = await this.#ask('POST', '/v3/kv/range', { key, limit: 1 });
    const { header } = JSON.parse(found) as { header: { revision: string } };
    await this.#ask('POST', '/v3/kv/compaction', { revision: header.revision, physical: true });
  }

  /** Of the metrics of this member, one without labels. */
  async metric(name: string): Promise<number> {
    const text = await this.#ask('GET', '/metrics');
    const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`etcd has no metric ${name}`);
    return Number(value);
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(method: string, path: string, body?: object): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const asked = request(
      { agent: this.#agent, host: this.#address, port: PORT, method, path },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`etcd ${method} ${path}: ${response.statusCode} ${text}`));
        });
      },
    );
    asked.on('error', reject);
    asked.end(body && JSON.stringify(body));
    return promise;
  }
}
