import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { AutopilotError, messageOf } from '../errors.ts';

export interface Credential {
  /** Base URLs without a slash at the end. */
  readonly servers: readonly string[];
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
  readonly tlsServerName: string | undefined;
}

/** Not there yet, or not whole: it may be on its way, so it is asked for again. */
export class KubeconfigError extends AutopilotError {
  readonly reason = 'KubeconfigUnreadable';
  readonly retryable = true;
}

const kubeconfigSchema = z.looseObject({
  'current-context': z.string(),
  contexts: z.array(
    z.looseObject({
      name: z.string(),
      context: z.looseObject({ cluster: z.string(), user: z.string() }),
    }),
  ),
  clusters: z.array(
    z.looseObject({
      name: z.string(),
      cluster: z.looseObject({
        server: z.string(),
        'certificate-authority': z.string().optional(),
        'certificate-authority-data': z.string().optional(),
        'tls-server-name': z.string().optional(),
      }),
    }),
  ),
  users: z.array(
    z.looseObject({
      name: z.string(),
      user: z.looseObject({
        'client-certificate': z.string().optional(),
        'client-certificate-data': z.string().optional(),
        'client-key': z.string().optional(),
        'client-key-data': z.string().optional(),
        token: z.string().optional(),
        tokenFile: z.string().optional(),
      }),
    }),
  ),
});

/**
 * A kubeconfig and the files it names. They are read again when one of them has changed: the kubelet's
 * certificate is renewed under our feet.
 */
export class KubeconfigStore {
  readonly #path: string;
  readonly #servers: readonly string[];
  #read: { credential: Credential; files: readonly string[]; stamp: string } | undefined;

  /** @param servers tried before and beside the one that the file names */
  constructor(path: string, servers: readonly string[] = []) {
    this.#path = path;
    this.#servers = servers;
  }

  /**
   * The credential of now. The same object as before while nothing has changed.
   * @throws KubeconfigError
   */
  credential(): Credential {
    if (this.#read !== undefined && stampOf(this.#read.files) === this.#read.stamp) {
      return this.#read.credential;
    }
    try {
      this.#read = this.#load();
    } catch (thrown) {
      throw new KubeconfigError(`cannot use the kubeconfig ${this.#path}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
    return this.#read.credential;
  }

  #load(): { credential: Credential; files: readonly string[]; stamp: string } {
    const files = [this.#path];
    const config = kubeconfigSchema.parse(parse(readFileSync(this.#path, 'utf8')));
    const context = find(config.contexts, config['current-context'], 'context').context;
    const { cluster } = find(config.clusters, context.cluster, 'cluster');
    const { user } = find(config.users, context.user, 'user');
    const fileOf = (path: string) => {
      const absolute = resolve(dirname(this.#path), path);
      files.push(absolute);
      return readFileSync(absolute, 'utf8');
    };
    const either = (data: string | undefined, path: string | undefined) =>
      data !== undefined
        ? Buffer.from(data, 'base64').toString('utf8')
        : path !== undefined
          ? fileOf(path)
          : undefined;
    const credential: Credential = {
      servers: [...new Set([...this.#servers, cluster.server].map(withoutSlash))],
      ca: either(cluster['certificate-authority-data'], cluster['certificate-authority']),
      cert: either(user['client-certificate-data'], user['client-certificate']),
      key: either(user['client-key-data'], user['client-key']),
      token:
        user.token ?? (user.tokenFile === undefined ? undefined : fileOf(user.tokenFile).trim()),
      tlsServerName: cluster['tls-server-name'],
    };
    return { credential, files, stamp: stampOf(files) };
  }
}

function find<T extends { name: string }>(list: readonly T[], name: string, what: string): T {
  const found = list.find((entry) => entry.name === name);
  if (found) return found;
  const names = list.map((entry) => entry.name).join(', ') || 'none';
  throw new Error(`wanted the ${what} ${JSON.stringify(name)}, found ${names}`);
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** Changes when a file is rewritten, or a link leads to another one. */
function stampOf(files: readonly string[]): string {
  return files
    .map((path) => {
      const found = statSync(path, { bigint: true, throwIfNoEntry: false });
      return found ? `${found.ino}:${found.mtimeNs}:${found.size}` : 'absent';
    })
    .join(' ');
}
