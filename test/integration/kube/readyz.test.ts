import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askReadyz, startReadyzProber } from '../../../src/health/readyz-client.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

let api: ApiServer;
let kube: Kube;

before(async () => {
  api = await startApiServer();
  kube = await api.as(ORCHESTRATOR);
});
after(() => api?.stop());

test('a certificate that our CA has not signed, or for another address, is never asked', async () => {
  const { headers, tls } = await kube.credentials();
  const { ca: _, ...withoutCa } = tls;
  const stranger = await askReadyz(
    api.address,
    api.port,
    async () => ({ headers, tls: { ...withoutCa, rejectUnauthorized: false } }),
    2_000,
  );
  assert.equal(stranger.kind, 'notAsked');
  assert.match(stranger.kind === 'notAsked' ? stranger.why : '', /certificate .*not to be trusted/);

  const elsewhere = '127.99.0.1';
  const lie = await startTcpProxy(api.address, api.port, elsewhere);
  const lying = Number(new URL(lie.url).port);
  const liar = await askReadyz(elsewhere, lying, kube.credentials, 2_000);
  assert.match(liar.kind === 'notAsked' ? liar.why : liar.kind, /not to be trusted: .*altnames/);
  await lie.close();
});

test('a server that says nothing is given up after the time limit', async () => {
  const wire = await startTcpProxy(api.address, api.port);
  const port = Number(new URL(wire.url).port);
  assert.equal((await askReadyz('127.0.0.1', port, kube.credentials, 2_000)).kind, 'answered');
  wire.set('dead');
  assert.deepEqual(await askReadyz('127.0.0.1', port, kube.credentials, 500), {
    kind: 'silent',
    why: `127.0.0.1:${port} within 0.5 s`,
  });
  await wire.close();
});

test('it tells when an API server dies, when it is back, and who has no address', async () => {
  const changes: string[] = [];
  const prober = startReadyzProber({
    credentials: kube.credentials,
    port: api.port,
    intervalMs: 200,
    onChange: (name) => changes.push(`${name} ${prober.get(name).ready}`),
  });
  assert.deepEqual(prober.get('cp-1'), {
    ready: 'Unknown',
    message: 'not asked yet',
    atMs: 0,
    sinceMs: 0,
  });
  prober.watch(
    new Map([
      ['cp-1', api.address],
      ['cp-2', undefined],
    ]),
  );
  await eventually('cp-1 to be ready', () => prober.get('cp-1').ready === 'True');
  await eventually('cp-2', () => prober.get('cp-2').atMs > 0);
  assert.equal(prober.get('cp-2').message, 'the status of ControlNode cp-2 has no InternalIP');
  await api.kill();
  await eventually('cp-1 to be away', () => prober.get('cp-1').ready === 'False');
  await eventually('the reason', () => /refuses connections/.test(prober.get('cp-1').message));
  await api.start();
  await eventually('cp-1 to be back', () => prober.get('cp-1').ready === 'True');
  prober.watch(new Map());
  assert.equal(prober.get('cp-1').atMs, 0, 'forgotten');
  await prober.stop();
  for (const change of ['cp-1 True', 'cp-1 False', 'cp-2 Unknown']) {
    assert.ok(changes.includes(change), `${change} in ${changes}`);
  }
});

test('who has been ready for a while is asked no more often than that', async () => {
  let answers = 0;
  const prober = startReadyzProber({
    credentials: kube.credentials,
    port: api.port,
    intervalMs: 1_000,
    onChange: () => {},
    // a good two seconds from one answer to the next: the third is of one who is steadily ready
    nowMs: () => ++answers * 2_100,
  });
  prober.watch(new Map([['cp-1', api.address]]));
  await eventually('it to be steadily ready', () => answers >= 4, { everyMs: 10 });
  const beganMs = performance.now();
  await eventually('two answers more', () => answers >= 6, { everyMs: 10 });
  assert.ok(performance.now() - beganMs > 1_500);
  await prober.stop();
});
