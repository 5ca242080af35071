import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ArtifactServer } from '../../support/artifact-server.ts';

const CONTENT = Buffer.alloc(300_000, 'k0s');
const PATH = '/k0s/v1/k0s';

describe('the artifact server of the tests', () => {
  let folder: string;
  let server: ArtifactServer;
  let url: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'artifacts-'));
    await writeFile(join(folder, 'k0s'), CONTENT);
    server = await ArtifactServer.listen('127.0.0.1');
    url = server.add(PATH, join(folder, 'k0s'));
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  test('serves a file and knows its digest', async () => {
    const served = Buffer.from(await (await fetch(url)).arrayBuffer());
    assert.ok(served.equals(CONTENT));
    const digest = createHash('sha256').update(CONTENT).digest('hex');
    assert.equal(await server.sha256(PATH), digest);
    assert.equal(server.downloads.at(-1)?.path, PATH);
  });

  test('goes on where a client was, with the very file it had', async () => {
    const etag = (await fetch(url, { method: 'HEAD' })).headers.get('etag') ?? '';
    const rest = await fetch(url, { headers: { range: 'bytes=299000-', 'if-range': etag } });
    assert.equal(rest.status, 206);
    assert.equal(rest.headers.get('content-range'), 'bytes 299000-299999/300000');
    assert.equal((await rest.arrayBuffer()).byteLength, 1000);
    assert.equal(server.downloads.at(-1)?.fromByte, 299_000);
    const whole = await fetch(url, { headers: { range: 'bytes=299000-', 'if-range': '"other"' } });
    assert.equal(whole.status, 200);
    assert.equal((await whole.arrayBuffer()).byteLength, 300_000);
  });

  test('answers 404 to what it does not have', async () => {
    assert.equal((await fetch(`${server.origin}/nothing`)).status, 404);
  });

  test('misbehaves as told, one download after the other', async () => {
    server.behave(
      PATH,
      { kind: 'status', code: 500 },
      { kind: 'cut', afterBytes: 1_000 },
      { kind: 'serve' },
    );
    assert.equal((await fetch(url)).status, 500);
    await assert.rejects(async () => (await fetch(url)).arrayBuffer());
    assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, CONTENT.length);
    assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, CONTENT.length);
  });

  test('hangs without an answer, or in the middle of one', async () => {
    const patience = () => AbortSignal.timeout(300);
    server.behave(PATH, { kind: 'silent' });
    await assert.rejects(fetch(url, { signal: patience() }), { name: 'TimeoutError' });
    server.behave(PATH, { kind: 'hang', afterBytes: 1_000 });
    const response = await fetch(url, { signal: patience() });
    assert.equal(response.headers.get('content-length'), `${CONTENT.length}`);
    await assert.rejects(response.arrayBuffer(), { name: 'TimeoutError' });
  });
});
