import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DEFAULT_AGENT_POLICY, type DownloadRules } from '../../../src/node-agent/agent-policy.ts';
import type { Host } from '../../../src/node-agent/host.ts';
import { linuxHost } from '../../../src/node-agent/host-linux.ts';
import { beginSignal, EMPTY_JOURNAL } from '../../../src/node-agent/journal.ts';
import { type Layout, layoutOf } from '../../../src/node-agent/layout.ts';
import { type Downloaded, download } from '../../../src/node-agent/steps/download.ts';
import type { Order } from '../../../src/signals/order.ts';
import { anOrder } from '../../support/agent-drive.ts';
import { startBytesServer } from '../../support/bytes-server-run.ts';
import { bundleDownloader, downloadApart } from '../../support/download-run.ts';
import {
  type HostileServer,
  startHostileServer,
  startRawServer,
} from '../../support/hostile-server.ts';
import { noService } from '../../support/no-service.ts';
import { sha256Of } from '../../support/sha256.ts';

const FILE = randomBytes(1_000_000);
const OTHER = randomBytes(1_000_000);
const FIXTURES = join(import.meta.dirname, '../../fixtures/tls');
/** More than an agent may take is never taken, whatever is sent. */
/** Flat, whatever goes through; the bound of 24 MB is for the bench, where nothing else takes the cores. */
const MEMORY_MB = 50;

let folder: string;
let layout: Layout;
let server: HostileServer;
let secure: HostileServer;

before(async () => {
  const cert = readFileSync(join(FIXTURES, 'loopback-cert.pem'), 'utf8');
  const key = readFileSync(join(FIXTURES, 'loopback-key.pem'), 'utf8');
  server = await startHostileServer(() => undefined);
  secure = await startHostileServer(() => undefined, { cert, key });
});
after(() => Promise.all([server.close(), secure.close()]));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'autopilot-hostile-'));
  layout = layoutOf({ binary: join(folder, 'bin/k0s'), stateFolder: join(folder, 'state') });
  mkdirSync(join(folder, 'bin'));
  writeFileSync(layout.binary, 'k0s');
  server.seen.length = 0;
});
afterEach(() => {
  // whatever a server does, nothing of it comes to lie anywhere else
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const allowed = ['bin', 'bin/k0s', 'state', 'state/staging'];
  const staging = ['state/staging/artifact.partial', 'state/staging/artifact.partial.json'];
  const strange = found.filter((path) => ![...allowed, ...staging].includes(path));
  rmSync(folder, { recursive: true });
  assert.deepEqual(strange, []);
});

const url = () => `${server.origin}/k0s`;

function run(
  artifact: Partial<Order['artifact']> = {},
  rules: Partial<DownloadRules> = {},
  signal?: AbortSignal,
): Promise<Downloaded> {
  const all = { ...DEFAULT_AGENT_POLICY.download, stallMs: 2000, attempts: 2, ...rules };
  const machine = linuxHost({
    binary: layout.binary,
    dataFolder: layout.dataFolder,
    statusSocket: '',
    service: noService,
    downloadRules: () => all,
  });
  // nobody waits here for a server to come back: the time that is slept passes at once
  let sleptMs = 0;
  const clock: Host['clock'] = {
    ...machine.clock,
    uptimeMs: () => machine.clock.uptimeMs() + sleptMs,
    sleep: async (ms) => {
      sleptMs += ms;
    },
  };
  const host: Host = { ...machine, clock };
  const order = anOrder('stage', { artifact: { ...anOrder().artifact, url: url(), ...artifact } });
  const now = { bootId: host.clock.bootId(), uptimeMs: host.clock.uptimeMs() };
  return download(host, layout, beginSignal(EMPTY_JOURNAL, order, now).signal!, all, {
    abort: signal ?? new AbortController().signal,
    random: Math.random,
    blake2b: false,
    onProgress: () => undefined,
    onTrouble: () => undefined,
    checkpointBytes: 200_000,
  });
}

const stored = () => readFileSync(layout.partial);
const reasonOf = (found: Downloaded) =>
  found.kind === 'failed' ? found.failure.reason : found.kind;

/** A server as it should be, but for `more`: `cutAfter` so many bytes the connection ends. */
function ranged(more: {
  readonly content?: (request: number) => Buffer;
  readonly etag?: (request: number) => string;
  readonly cutAfter?: number;
  readonly contentRange?: string;
}): RequestListener {
  let requests = 0;
  return (request, response) => {
    requests++;
    const content = more.content?.(requests) ?? FILE;
    const etag = more.etag?.(requests) ?? '"v1"';
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    const goesOn = from !== undefined && request.headers['if-range'] === etag;
    const start = goesOn ? Number(from) : 0;
    const range = more.contentRange ?? `bytes ${start}-${content.length - 1}/${content.length}`;
    response.writeHead(goesOn ? 206 : 200, {
      'content-length': content.length - start,
      etag,
      ...(goesOn && { 'content-range': range }),
    });
    const rest = content.subarray(start);
    if (more.cutAfter === undefined || rest.length <= more.cutAfter) return response.end(rest);
    response.write(rest.subarray(0, more.cutAfter), () => setTimeout(() => response.destroy(), 5));
  };
}

const trickle = (response: ServerResponse, piece: Buffer, everyMs: number) => {
  const timer = setInterval(() => response.write(piece), everyMs);
  response.on('close', () => clearInterval(timer));
};

describe('a connection that is cut again and again', () => {
  it('ends in the exact file, and never goes back', async () => {
    server.answer = ranged({ cutAfter: 90_000 });
    assert.equal(reasonOf(await run({}, { attempts: 50 })), 'downloaded');
    assert.ok(stored().equals(FILE));
    const starts = server.seen.flatMap(({ headers: { range } }) =>
      Number(range?.slice(6, -1) ?? 0),
    );
    assert.ok(starts.length > 10, `${starts.length} requests`);
    assert.deepEqual(
      starts,
      starts.toSorted((a, b) => a - b),
    );
  });

  it('goes on after the agent was stopped', async () => {
    const stop = new AbortController();
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-length': FILE.length, etag: '"v1"' });
      response.write(FILE.subarray(0, 500_000), () => setTimeout(() => stop.abort(), 50));
    };
    assert.equal(reasonOf(await run({}, {}, stop.signal)), 'aborted');
    server.answer = ranged({});
    assert.equal(reasonOf(await run()), 'downloaded');
    assert.equal(server.seen.at(-1)?.headers.range, 'bytes=500000-');
    assert.ok(stored().equals(FILE));
  });

  it('never mixes two files: the validator changed', async () => {
    const turn = (request: number) => request > 1;
    server.answer = ranged({
      cutAfter: 600_000,
      content: (request) => (turn(request) ? OTHER : FILE),
      etag: (request) => (turn(request) ? '"v2"' : '"v1"'),
    });
    assert.equal(reasonOf(await run({}, { attempts: 50 })), 'downloaded');
    assert.ok(stored().equals(OTHER));
  });

  it('never mixes two files: the content changed and the validator did not', async () => {
    server.answer = ranged({
      cutAfter: 600_000,
      content: (request) => (request > 1 ? OTHER : FILE),
    });
    assert.equal(reasonOf(await run({ sha256: sha256Of(OTHER) }, { attempts: 50 })), 'downloaded');
    assert.ok(stored().equals(OTHER));
  });
});

describe('a hostile server', () => {
  interface Row {
    readonly sentence: string;
    readonly answer: RequestListener;
    readonly reason: string;
    readonly message?: RegExp;
    readonly rules?: () => Partial<DownloadRules>;
    readonly artifact?: () => Partial<Order['artifact']>;
  }
  const redirect =
    (location: () => string): RequestListener =>
    (_, response) =>
      response.writeHead(302, { location: location() }).end();
  const ROWS: readonly Row[] = [
    {
      sentence: 'that sends a byte now and then',
      answer: (_, response) => {
        response.writeHead(200, { 'content-length': FILE.length });
        setTimeout(() => response.write('k'), 100);
      },
      reason: 'DownloadFailed',
      message: /hangs: no byte/,
    },
    {
      sentence: 'that sends without end',
      answer: (_, response) => trickle(response, FILE, 1),
      rules: () => ({ maxBytes: 5_000_000 }),
      reason: 'ArtifactTooLarge',
    },
    {
      sentence: 'that announces more than is allowed',
      answer: (_, response) => response.writeHead(200, { 'content-length': 1e12 }).write('k'),
      reason: 'ArtifactTooLarge',
    },
    {
      sentence: 'that announces more than it sends',
      answer: (_, response) => {
        response.writeHead(200, { 'content-length': FILE.length + 1 });
        response.write(FILE, () => setTimeout(() => response.destroy(), 5));
      },
      reason: 'DownloadFailed',
      message: /broke off/,
    },
    {
      sentence: 'that always changes its validator and cuts',
      answer: ranged({ cutAfter: 1000, etag: (request) => `"${request}"` }),
      reason: 'DownloadFailed',
      message: /given up after 2 attempts in a row without a new byte/,
    },
    {
      sentence: 'that sends another part than was asked for',
      answer: ranged({ cutAfter: 1000, contentRange: `bytes 0-${FILE.length - 1}/${FILE.length}` }),
      reason: 'DownloadFailed',
    },
    {
      sentence: 'that sends a part of which nobody spoke',
      answer: (_, response) => {
        const range = `bytes 500000-999999/${FILE.length}`;
        response.writeHead(206, { 'content-range': range }).end(FILE.subarray(500_000));
      },
      reason: 'DownloadFailed',
      message: /wanted 200, found 206/,
    },
    {
      sentence: 'that packs what it sends',
      answer: (_, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(FILE)),
      reason: 'DownloadFailed',
      message: /found Content-Encoding gzip/,
    },
    {
      sentence: 'that leads to a file of the host',
      answer: redirect(() => 'file:///etc/passwd'),
      reason: 'SourceForbidden',
    },
    {
      sentence: 'that leads to a host that is not allowed',
      answer: redirect(() => `${secure.origin}/k0s`),
      rules: () => ({ allowedPrefixes: [server.origin] }),
      reason: 'SourceForbidden',
    },
    {
      sentence: 'that leads round in a circle',
      answer: redirect(() => '/k0s'),
      reason: 'DownloadFailed',
      message: /more than 5 redirects/,
    },
    {
      sentence: 'that sends the wrong file',
      answer: ranged({ content: () => OTHER }),
      artifact: () => ({ sha256: sha256Of(FILE) }),
      reason: 'ChecksumMismatch',
    },
    {
      sentence: 'whose name for the file leads elsewhere',
      answer: (_, response) => {
        response.setHeader('content-disposition', 'attachment; filename="../../bin/k0s"');
        response.end(FILE);
      },
      reason: 'downloaded',
    },
    {
      sentence: 'of a CA that nobody knows',
      answer: ranged({}),
      artifact: () => ({ url: `${secure.origin}/k0s` }),
      reason: 'DownloadFailed',
      message: /self-signed certificate/,
    },
    {
      sentence: 'of our own CA that leads to plain http',
      answer: ranged({}),
      artifact: () => {
        secure.answer = redirect(url);
        return { url: `${secure.origin}/k0s` };
      },
      rules: () => ({ caFile: join(FIXTURES, 'loopback-cert.pem') }),
      reason: 'SourceForbidden',
      message: /refused a redirect from https to http/,
    },
  ];
  for (const row of ROWS) {
    it(`${row.sentence} gets ${row.reason}`, async () => {
      server.answer = row.answer;
      const found = await run(row.artifact?.(), row.rules?.());
      assert.equal(reasonOf(found), row.reason, JSON.stringify(found));
      if (row.message && found.kind === 'failed') assert.match(found.failure.message, row.message);
      assert.equal(readFileSync(layout.binary, 'utf8'), 'k0s');
    });
  }

  it('that is slow already with its head gets DownloadFailed', async () => {
    const loris = await startRawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('x: y\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const found = await run({ url: `${loris.origin}/k0s` });
    assert.equal(reasonOf(found), 'DownloadFailed');
    loris.close();
  });

  it('that announces less than it sends gets DownloadFailed', async () => {
    const liar = await startRawServer((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\n${'k0s'.repeat(9)}`,
      );
    });
    const found = await run({ url: `${liar.origin}/k0s` });
    assert.equal(reasonOf(found), 'DownloadFailed', JSON.stringify(found));
    liar.close();
  });
});

it('memory stays flat over 250 MB, and over a body without end', { timeout: 60_000 }, async (t) => {
  const program = await bundleDownloader();
  const bytes = await startBytesServer();
  try {
    for (const [path, rules, reason] of [
      ['/250000000', {}, 'downloaded'],
      ['/1000000000?endless', { maxBytes: 150_000_000 }, 'ArtifactTooLarge'],
    ] as const) {
      const found = await downloadApart(program, bytes.origin + path, layout.stateFolder, rules);
      assert.equal(reasonOf(found.downloaded), reason);
      const more = found.peakMB - found.idleMB;
      t.diagnostic(`${path}: ${found.idleMB.toFixed(1)} MB idle, ${more.toFixed(1)} MB more`);
      assert.ok(more <= MEMORY_MB, `${more} MB more for ${path}`);
    }
  } finally {
    bytes.close();
    rmSync(program);
  }
});
