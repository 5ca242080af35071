import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { breakFile } from '../../support/broken-file.ts';
import { BROKEN_VERSION, brokenRelease, givenReleases, pathOf } from '../../support/releases.ts';

const SOUND = Buffer.from(Array.from({ length: 1_000 }, (_, i) => i % 251));

describe('a release that is broken as a file', () => {
  const { AUTOPILOT_CACHE } = process.env;
  let folder: string;
  let sound: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'releases-'));
    process.env.AUTOPILOT_CACHE = join(folder, 'cache');
    sound = join(folder, 'k0s');
    await writeFile(sound, SOUND, { mode: 0o755 });
  });
  after(async () => {
    if (AUTOPILOT_CACHE === undefined) delete process.env.AUTOPILOT_CACHE;
    else process.env.AUTOPILOT_CACHE = AUTOPILOT_CACHE;
    await rm(folder, { recursive: true });
  });

  test('"truncated" is the first 60 % of a sound one, which stays whole', async () => {
    const broken = await readFile(await breakFile('truncated', sound, BROKEN_VERSION));
    assert.ok(broken.equals(SOUND.subarray(0, 600)));
    assert.ok((await readFile(sound)).equals(SOUND));
  });

  test('"not-executable" is the page of a captive portal', async () => {
    const broken = await readFile(await breakFile('not-executable', sound, BROKEN_VERSION), 'utf8');
    assert.match(broken, /^<!DOCTYPE html>/);
  });

  test('is made once, and again when what it is made from has changed', async () => {
    const first = await breakFile('truncated', sound, BROKEN_VERSION);
    assert.equal(await breakFile('truncated', sound, BROKEN_VERSION), first);
    const other = join(folder, 'other');
    await writeFile(other, SOUND.toReversed());
    const second = await breakFile('truncated', other, BROKEN_VERSION);
    assert.notEqual(second, first);
    assert.ok((await readFile(second)).equals(Buffer.from(SOUND.toReversed()).subarray(0, 600)));
  });

  test('is offered under a path of its own', () => {
    const paths = [brokenRelease('truncated'), brokenRelease('exits'), { version: BROKEN_VERSION }];
    assert.deepEqual(paths.map(pathOf), [
      `/k0s/${BROKEN_VERSION}-truncated/k0s`,
      `/k0s/${BROKEN_VERSION}-exits/k0s`,
      `/k0s/${BROKEN_VERSION}/k0s`,
    ]);
  });
});

test('releases of k0s itself may take the place of k0mini', () => {
  assert.deepEqual(givenReleases(undefined), []);
  assert.deepEqual(givenReleases('v1.36.1+k0s.0=/old/k0s, v1.36.3+k0s.0=/new/k0s'), [
    { version: 'v1.36.1+k0s.0', path: '/old/k0s' },
    { version: 'v1.36.3+k0s.0', path: '/new/k0s' },
  ]);
  for (const text of ['v1.36.1+k0s.0', 'v1.36.1+k0s.0=/old', 'a=/b,v1.36.3=relative']) {
    assert.throws(() => givenReleases(text), /TEST_K0S: wanted VERSION=\/PATH,VERSION=\/PATH/);
  }
});
