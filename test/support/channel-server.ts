import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { joinSigned } from '../../src/channels/index-signature.ts';
import { type HostileServer, startHostileServer } from './hostile-server.ts';
import type { MinisignKeys } from './minisign-keys.ts';

export interface ListedRelease {
  readonly version: string;
  readonly offer: { readonly url: string; readonly sha256: string };
  readonly released?: string;
  readonly severity?: string;
  readonly cves?: readonly string[];
}

export interface IndexOptions {
  readonly epoch: number;
  readonly channel?: string;
  readonly releases: readonly ListedRelease[];
  readonly issuedMs?: number;
  readonly expiresMs?: number;
  readonly blocked?: object;
}

const DAY_MS = 86_400_000;
const PLATFORM = { os: 'linux', arch: process.arch === 'arm64' ? 'arm64' : 'amd64' };

/** An extended index as YAML, not signed. */
export function anIndex(options: IndexOptions): string {
  const { epoch, channel = 'stable', releases, blocked } = options;
  const { issuedMs = Date.now() - 60_000, expiresMs = Date.now() + DAY_MS } = options;
  const downloads = ({ offer }: ListedRelease) => [
    { ...PLATFORM, k0s: offer.url, k0sSha256: offer.sha256 },
  ];
  const newest = releases.at(-1);
  const document = {
    channel,
    ...(newest && { version: newest.version, downloadURLs: downloads(newest) }),
    extended: {
      epoch,
      issued: iso(issuedMs),
      expires: iso(expiresMs),
      releases: releases.map((release) => {
        const {
          version,
          released = iso(Date.now() - DAY_MS),
          severity = 'none',
          cves = [],
        } = release;
        return { version, released, severity, cves, downloadURLs: downloads(release) };
      }),
      ...(blocked && { blocked }),
    },
  };
  // No index may hold aliases.
  return stringify(document, { aliasDuplicateObjects: false });
}

export function signed(index: string, keys: MinisignKeys): Buffer {
  return joinSigned(Buffer.from(index), keys.sign(Buffer.from(index)));
}

/** A real HTTP server of one index; what it serves is changed between requests. */
export interface ChannelServer {
  readonly origin: string;
  readonly http: HostileServer;
  /** Called when an index has been asked for, before it is answered. */
  onAsked: () => void;
  serve(body: Buffer | string): void;
  close(): Promise<void>;
}

export async function startChannelServer(): Promise<ChannelServer> {
  const http = await startHostileServer((_request, response) => response.writeHead(404).end());
  const server: ChannelServer = {
    origin: http.origin,
    http,
    onAsked: () => {},
    serve(body) {
      const bytes = Buffer.from(body);
      const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
      http.answer = (request, response) => {
        server.onAsked();
        if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
        else response.writeHead(200, { etag, 'content-type': 'text/yaml' }).end(bytes);
      };
    },
    close: () => http.close(),
  };
  return server;
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
