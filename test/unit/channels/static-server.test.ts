import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type StaticServer, startStaticServer } from '../../../src/channels/static-server.ts';

describe('the server for a lab', () => {
  const root = mkdtempSync(join(tmpdir(), 'static-'));
  const said: string[] = [];
  let server: StaticServer;
  before(async () => {
    mkdirSync(join(root, 'stable/.publications'), { recursive: true });
    mkdirSync(join(root, 'a+b'));
    writeFileSync(join(root, 'stable/index.yaml'), '0123456789');
    writeFileSync(join(root, 'stable/index.html'), 'cron');
    writeFileSync(join(root, 'stable/.publications/secret'), 'secret');
    writeFileSync(join(root, 'a+b/empty'), '');
    writeFileSync(join(root, '..', 'outside'), 'outside');
    server = await startStaticServer({
      root,
      address: '127.0.0.1',
      port: 0,
      onAnswer: (line) => said.push(line),
    });
  });
  after(async () => {
    await server.close();
    rmSync(root, { recursive: true, force: true });
  });

  /** As it is written, which fetch would tidy up. */
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<{
      status: number | undefined;
      body: string;
      headers: NodeJS.Dict<string | string[]>;
    }>((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      request({ hostname, port, path, headers, method, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text) => {
          body += text;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode, body, headers: response.headers }),
        );
      })
        .on('error', reject)
        .end();
    });

  for (const [sentence, path, headers, status, body] of [
    ['gives a file', '/stable/index.yaml', {}, 200, '0123456789'],
    ['gives the file of the cron protocol for a folder', '/stable?clusterID=x', {}, 200, 'cron'],
    ['gives it with a slash as well', '/stable/', {}, 200, 'cron'],
    ['gives an empty file', '/a%2Bb/empty', {}, 200, ''],
    ['gives a range', '/stable/index.yaml', { range: 'bytes=2-4' }, 206, '234'],
    ['gives the rest', '/stable/index.yaml', { range: 'bytes=7-' }, 206, '789'],
    ['gives the end', '/stable/index.yaml', { range: 'bytes=-3' }, 206, '789'],
    ['gives less than was asked for', '/stable/index.yaml', { range: 'bytes=8-99' }, 206, '89'],
    [
      'gives no range beyond the end',
      '/stable/index.yaml',
      { range: 'bytes=10-' },
      416,
      'no such range\n',
    ],
    [
      'gives the whole for several ranges',
      '/stable/index.yaml',
      { range: 'bytes=1-2,4-5' },
      200,
      '0123456789',
    ],
    [
      'gives the whole for a range backwards',
      '/stable/index.yaml',
      { range: 'bytes=5-2' },
      200,
      '0123456789',
    ],
    [
      'gives the whole where the file is another',
      '/stable/index.yaml',
      { range: 'bytes=2-4', 'if-range': '"x"' },
      200,
      '0123456789',
    ],
    ['has no other file', '/stable/nothing', {}, 404, 'not found\n'],
    ['has no folder without that file', '/a+b', {}, 404, 'not found\n'],
    [
      'does not show what begins with a dot',
      '/stable/.publications/secret',
      {},
      404,
      'not found\n',
    ],
    ['does not show it in other letters', '/stable/%2Epublications/secret', {}, 404, 'not found\n'],
    ['does not lead out', '/../outside', {}, 404, 'not found\n'],
    ['does not lead out in other letters', '/%2e%2e/outside', {}, 404, 'not found\n'],
    ['does not lead out in slashes of other letters', '/..%2foutside', {}, 404, 'not found\n'],
    ['takes no bad letters', '/%ff', {}, 404, 'not found\n'],
  ] as const) {
    it(sentence, async () => {
      const found = await ask(path, headers);
      assert.deepEqual([found.status, found.body], [status, body]);
    });
  }
  it('gives no file again to who has it', async () => {
    const { headers } = await ask('/stable/index.yaml');
    const etag = String(headers.etag);
    assert.match(etag, /^"[0-9a-f-]+"$/);
    assert.equal(
      (await ask('/stable/index.yaml', { 'if-none-match': `"y", ${etag}` })).status,
      304,
    );
    assert.equal(
      (await ask('/stable/index.yaml', { range: 'bytes=0-0', 'if-range': etag })).body,
      '0',
    );
  });
  it('tells the length alone', async () => {
    const { status, body, headers } = await ask('/stable/index.yaml', {}, 'HEAD');
    assert.deepEqual([status, body, headers['content-length']], [200, '', '10']);
  });
  it('takes nothing', async () => {
    assert.equal((await ask('/stable/index.yaml', {}, 'PUT')).status, 405);
  });
  it('tells each request', () => {
    assert.ok(said.includes('GET /stable?clusterID=x 200'));
  });
});
