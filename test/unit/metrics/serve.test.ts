import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { orchestratorConfigSchema, parseConfig } from '../../../src/config.ts';
import { parseListen } from '../../../src/metrics/address.ts';
import { METRICS, sample } from '../../../src/metrics/catalogue.ts';
import { createMetrics } from '../../../src/metrics/metrics-store.ts';
import type { Pulse } from '../../../src/metrics/probes.ts';
import { type Served, type ServeOptions, serve } from '../../../src/metrics/serve-controller.ts';
import { silentLog } from '../../support/silent-log.ts';

const TOKEN = 'f00d'.repeat(8);
const root = join(import.meta.dirname, '../../..');
const CERT = join(import.meta.dirname, '../../fixtures/tls/loopback-cert.pem');
const KEY = join(import.meta.dirname, '../../fixtures/tls/loopback-key.pem');

let folder: string;
let tokenFile: string;
let pulse: Pulse;
const open: Served[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autopilot-metrics-'));
  tokenFile = join(folder, 'token');
});
after(async () => {
  await Promise.all(open.map((one) => one.close()));
  await rm(folder, { recursive: true });
});

const build = { version: '1.2.3', node_version: 'v24.0.0' };

async function start(over: Partial<ServeOptions> = {}): Promise<Served> {
  await writeFile(tokenFile, `${TOKEN}\n`);
  pulse = { nowMs: 100_000, isSynced: true, electionAtMs: 99_000, lookAtMs: undefined };
  const served = await serve({
    listen: { kind: 'on', host: '127.0.0.1', port: 0 },
    tokenFile,
    tls: undefined,
    metrics: createMetrics(build),
    pulse: () => pulse,
    log: silentLog,
    ...over,
  });
  open.push(served);
  return served;
}

const ask = async (url: string, authorization?: string) => {
  const answer = await fetch(url, authorization ? { headers: { authorization } } : {});
  return { status: answer.status, text: await answer.text() };
};

describe('metrics', () => {
  test('are served to the token alone', async () => {
    const { url } = await start();
    for (const wrong of [undefined, '', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]) {
      const { status, text } = await ask(`${url}/metrics`, wrong);
      assert.equal(status, 401, `given ${wrong}`);
      assert.doesNotMatch(text, /autopilot_/);
    }
    const { status, text } = await ask(`${url}/metrics`, `Bearer ${TOKEN}`);
    assert.equal(status, 200);
    assert.match(text, /autopilot_build_info\{version="1.2.3",node_version="v24.0.0"\} 1/);
    assert.match(text, /nodejs_eventloop_lag_seconds /);
  });

  test('are served to nobody where there is no token, on loopback neither', async () => {
    const { url } = await start({ tokenFile: undefined });
    const { status, text } = await ask(`${url}/metrics`, 'Bearer undefined');
    assert.equal(status, 403);
    assert.equal(text, 'metrics are served only with --metrics-token-file\n');
  });

  test('a token that is changed on the disk holds at once, and one that is gone lets nobody in', async () => {
    const { url } = await start();
    await writeFile(tokenFile, 'another-token-of-some-length');
    assert.equal((await ask(`${url}/metrics`, `Bearer ${TOKEN}`)).status, 401);
    assert.equal((await ask(`${url}/metrics`, 'Bearer another-token-of-some-length')).status, 200);
    await rm(tokenFile);
    const { status, text } = await ask(`${url}/metrics`, `Bearer ${TOKEN}`);
    assert.equal(status, 500);
    assert.doesNotMatch(text, /token/);
  });

  test('what is not seen any more is not told any more; what was counted stays', async () => {
    const metrics = createMetrics(build);
    let waits = 1;
    metrics.watch(() =>
      waits === 0 ? [] : [sample('autopilot_plan_waits', { reason: 'Paused' }, waits)],
    );
    metrics.count([sample('autopilot_undos_total', { role: 'worker' }, 1)]);
    assert.match(await metrics.render(), /autopilot_plan_waits\{reason="Paused"\} 1/);
    waits = 0;
    const text = await metrics.render();
    assert.doesNotMatch(text, /reason="Paused"/);
    assert.match(text, /autopilot_undos_total\{role="worker"\} 1/);
  });

  test('every metric of the catalogue is registered with its help', async () => {
    const text = await createMetrics(build).render();
    for (const [name, { help, kind }] of Object.entries(METRICS)) {
      assert.ok(text.includes(`# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`), name);
    }
  });
});

describe('probes', () => {
  const cases: readonly [string, Partial<Pulse>, string, number, string][] = [
    ['ready while it is synced', {}, '/readyz', 200, 'ok\n'],
    [
      'not ready while a watch is dead',
      { isSynced: false },
      '/readyz',
      503,
      'not synced: a watch of the API server is not alive\n',
    ],
    [
      'live while a watch is dead: a restart would not help',
      { isSynced: false },
      '/livez',
      200,
      'ok\n',
    ],
    [
      'not live when the election has stood still',
      { electionAtMs: 30_000 },
      '/livez',
      503,
      'the election has not turned for 70 s\n',
    ],
    [
      'not live when it leads and has not looked',
      { lookAtMs: 10_000 },
      '/livez',
      503,
      'the look at the Plans has not turned for 90 s\n',
    ],
  ];
  for (const [name, over, path, status, text] of cases) {
    test(name, async () => {
      const { url } = await start();
      pulse = { ...pulse, ...over };
      assert.deepEqual(await ask(`${url}${path}`), { status, text });
    });
  }

  test('nothing else is there, and nothing can be posted', async () => {
    const { url } = await start();
    assert.equal((await ask(`${url}/debug`)).status, 404);
    assert.equal((await fetch(`${url}/livez`, { method: 'POST' })).status, 405);
  });
});

describe('where it listens', () => {
  test('unless said otherwise only loopback is listened on', async () => {
    const { metricsAddress } = parseConfig(orchestratorConfigSchema, {});
    assert.deepEqual(metricsAddress, { kind: 'on', host: '127.0.0.1', port: 9488 });
    const { url } = await start({ listen: { kind: 'on', host: '127.0.0.1', port: 0 } });
    const port = Number(new URL(url).port);
    const listening = listeners().filter((one) => one.port === port);
    assert.deepEqual(listening, [{ address: '0100007F', port }], 'as the kernel tells it');
  });

  test('nothing else of ours listens, but for locks and what a person serves', async () => {
    const said: string[] = [];
    for await (const file of glob('src/**/*.ts', { cwd: root })) {
      const text = await readFile(join(root, file), 'utf8');
      if (/\.listen\(|createServer\(/.test(text)) said.push(file);
    }
    assert.deepEqual(said.toSorted(), [
      // A lock: a name in the kernel, or a socket in a folder; no address.
      'src/channels/publish-lock-linux.ts',
      // A folder of channels, when a person says `autopilot channel serve`.
      'src/channels/static-server.ts',
      'src/metrics/serve-controller.ts',
      // Another lock.
      'src/node-agent/host-lock-linux.ts',
    ]);
  });

  test('off loopback a token needs TLS', async () => {
    await assert.rejects(
      start({ listen: { kind: 'on', host: '0.0.0.0', port: 0 } }),
      /--metrics-address 0\.0\.0\.0: the token would cross the network in the clear; give --metrics-cert-file and --metrics-key-file, or listen on 127\.0\.0\.1/,
    );
  });

  test('with TLS it shows its certificate', async () => {
    const { url } = await start({ tls: { certFile: CERT, keyFile: KEY } });
    const ca = await readFile(CERT);
    const status = await new Promise((resolve, reject) => {
      httpsGet(`${url}/livez`, { ca }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).on('error', reject);
    });
    assert.equal(status, 200);
  });

  test('files that are no certificate are named before anything begins', async () => {
    await assert.rejects(
      start({ tls: { certFile: tokenFile, keyFile: KEY } }),
      /^ConfigError: --metrics-cert-file, --metrics-key-file: /,
    );
  });

  test('a token that is too short, or cannot be read, is refused', async () => {
    const short = join(folder, 'short');
    await writeFile(short, 'secret');
    await assert.rejects(
      start({ tokenFile: short }),
      /wanted a token of at least 16 characters, found 6; make one with: openssl rand -hex 32/,
    );
    await assert.rejects(
      start({ tokenFile: join(folder, 'none') }),
      /--metrics-token-file: ENOENT/,
    );
  });

  test('a port that is taken is said, and what to do', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    await assert.rejects(
      start({ listen: { kind: 'on', host: '127.0.0.1', port } }),
      /--metrics-address: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*; give another one, or off/,
    );
  });

  const texts: readonly [string, unknown][] = [
    ['127.0.0.1:9488', { kind: 'on', host: '127.0.0.1', port: 9488 }],
    ['[::1]:0', { kind: 'on', host: '::1', port: 0 }],
    ['localhost:1', { kind: 'on', host: 'localhost', port: 1 }],
    ['off', { kind: 'off' }],
    [':9488', 'wanted ADDRESS:PORT such as 127.0.0.1:9488 or [::1]:9488, or off; found :9488'],
    [
      '::1:9488',
      'wanted ADDRESS:PORT such as 127.0.0.1:9488 or [::1]:9488, or off; found ::1:9488',
    ],
    [
      '127.0.0.1:99999',
      'wanted ADDRESS:PORT such as 127.0.0.1:9488 or [::1]:9488, or off; found 127.0.0.1:99999',
    ],
  ];
  for (const [text, wanted] of texts) {
    test(`--metrics-address ${text}`, () => assert.deepEqual(parseListen(text), wanted));
  }
});

/** Sockets that listen, of IPv4 and IPv6, by the kernel's own table; addresses in its hexadecimal. */
function listeners(): { readonly address: string; readonly port: number }[] {
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state] = line.trim().split(/\s+/);
        const [address = '', port = ''] = local.split(':');
        return state === '0A' ? [{ address, port: Number.parseInt(port, 16) }] : [];
      }),
  );
}
