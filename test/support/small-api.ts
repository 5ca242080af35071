import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface StoredObject {
  metadata: {
    name: string;
    resourceVersion: string;
    annotations?: Record<string, string>;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** As a real one does. */
const BOOKMARK_EVERY_MS = 60_000;

/**
 * The smallest Kubernetes API that an agent can be tried on: objects of any collection, list and watch by
 * name, create, JSON Patch with `test`. What only a real one can teach is tested on a real one.
 */
export class SmallApi {
  readonly objects = new Map<string, StoredObject>();
  /** Collections that are served at all. */
  readonly collections = new Set<string>(['/api/v1/nodes']);
  /** Answers every request with it, as a broken server does. */
  broken: number | undefined;
  /** What was asked: `METHOD path`. */
  readonly asked: string[] = [];
  #version = 10;
  readonly #server: Server;
  /** Version of an object when it was deleted. */
  readonly #deleted = new Map<string, StoredObject>();
  readonly #watchers = new Set<{ path: string; response: ServerResponse }>();

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((thrown: unknown) => {
        send(response, 500, { message: String(thrown) });
      });
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends every watch, as a server that restarts does. */
  cutWatches(): void {
    for (const { response } of this.#watchers) response.destroy();
  }

  /** Tells every watcher that it must begin anew. */
  expireWatches(): void {
    for (const { response } of this.#watchers) {
      const object = { kind: 'Status', code: 410, reason: 'Expired' };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
    }
  }

  annotation(path: string, key: string): string | undefined {
    return this.objects.get(path)?.metadata.annotations?.[key];
  }

  annotate(path: string, key: string, value: string | undefined): void {
    const object = structuredClone(this.objects.get(path));
    if (!object) throw new Error(`no ${path}`);
    object.metadata.annotations ??= {};
    if (value === undefined) delete object.metadata.annotations[key];
    else object.metadata.annotations[key] = value;
    this.put(path, object);
  }

  put(
    path: string,
    object: { metadata: { name: string; [key: string]: unknown }; [key: string]: unknown },
  ): StoredObject {
    const type = this.objects.has(path) ? 'MODIFIED' : 'ADDED';
    const stored = structuredClone(object) as StoredObject;
    stored.metadata.resourceVersion = String(++this.#version);
    this.objects.set(path, stored);
    this.#tell(type, path, stored);
    return stored;
  }

  delete(path: string): void {
    const object = this.objects.get(path);
    this.objects.delete(path);
    if (object === undefined) return;
    object.metadata.resourceVersion = String(++this.#version);
    this.#deleted.set(path, object);
    this.#tell('DELETED', path, object);
  }

  #tell(type: string, path: string, object: StoredObject): void {
    for (const watcher of this.#watchers) {
      if (watcher.path === path) {
        watcher.response.write(`${JSON.stringify({ type, object })}\n`);
      }
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://api');
    this.asked.push(`${request.method} ${pathname}${searchParams.has('watch') ? ' watch' : ''}`);
    let body = '';
    for await (const part of request) body += part;
    if (this.broken !== undefined) return send(response, this.broken, { message: 'broken' });
    if (this.collections.has(pathname)) {
      if (request.method === 'POST') {
        const object = JSON.parse(body) as StoredObject;
        const path = `${pathname}/${object.metadata.name}`;
        if (this.objects.has(path)) return send(response, 409, { message: 'it exists' });
        return send(response, 201, this.put(path, object));
      }
      const name = searchParams.get('fieldSelector')?.replace('metadata.name=', '') ?? '';
      if (searchParams.has('watch')) {
        const since = Number(searchParams.get('resourceVersion'));
        const seconds = Number(searchParams.get('timeoutSeconds') ?? 1800);
        return this.#watch(`${pathname}/${name}`, since, seconds, response);
      }
      const object = this.objects.get(`${pathname}/${name}`);
      const metadata = { resourceVersion: String(this.#version) };
      return send(response, 200, { kind: 'List', metadata, items: object ? [object] : [] });
    }
    const path = pathname.replace(/\/status$/, '');
    const object = this.objects.get(path);
    if (object === undefined) return send(response, 404, { message: 'not found' });
    if (request.method === 'GET') return send(response, 200, object);
    const patched = structuredClone(object) as unknown as Record<string, unknown>;
    for (const operation of JSON.parse(body) as Operation[]) {
      if (!apply(patched, operation)) return send(response, 422, { message: 'test failed' });
    }
    send(response, 200, this.put(path, patched as unknown as StoredObject));
  }

  #bookmark(response: ServerResponse): void {
    const object = { metadata: { resourceVersion: String(this.#version) } };
    response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }

  #watch(path: string, since: number, seconds: number, response: ServerResponse): void {
    const watcher = { path, response };
    this.#watchers.add(watcher);
    const bookmarks = setInterval(() => this.#bookmark(response), BOOKMARK_EVERY_MS);
    const end = setTimeout(() => response.end(), seconds * 1000);
    response.on('close', () => {
      this.#watchers.delete(watcher);
      clearInterval(bookmarks);
      clearTimeout(end);
    });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    // what has happened in between; only the last of it, which is all that a follower needs
    const object = this.objects.get(path);
    const gone = this.#deleted.get(path);
    if (object && Number(object.metadata.resourceVersion) > since) {
      this.#tell('MODIFIED', path, object);
    } else if (!object && gone && Number(gone.metadata.resourceVersion) > since) {
      this.#tell('DELETED', path, gone);
    }
  }
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

/** @returns false when a `test` fails */
function apply(object: Record<string, unknown>, { op, path, value }: Operation): boolean {
  const keys = path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let at: Record<string, unknown> | undefined = object;
  for (const key of keys) at = at?.[key] as Record<string, unknown> | undefined;
  if (at === undefined) return false;
  if (op === 'test') return JSON.stringify(at[last]) === JSON.stringify(value);
  if (op === 'remove') delete at[last];
  else at[last] = value;
  return true;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
