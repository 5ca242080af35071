import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { AUTOPILOT_VERSION } from '../../../src/version.ts';
import { findArm64 } from '../../../tools/arm64/setup.ts';
import { buildForHosts } from '../../../tools/build.ts';
import { ownArchitecture } from '../../../tools/single-file/node-binaries.ts';
import { sha256Of } from '../../support/sha256.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../..');
/** All that a build reads, beside the packages. */
const SOURCES = [
  'src',
  'tools',
  'deploy',
  'crds',
  'test/support',
  'package.json',
  'package-lock.json',
];

test('a build in another folder makes the same bytes', async () => {
  const architecture = ownArchitecture();
  const here = await buildForHosts(architecture);
  // on the same file system, for the packages' sake: they are links
  const folder = await mkdtemp(join(ROOT, '.tmp/another-clone-'));
  try {
    for (const path of SOURCES) {
      await cp(join(ROOT, path), join(folder, path), { recursive: true });
    }
    await run('cp', ['-al', join(ROOT, 'node_modules'), folder]);
    const build = `const { buildForHosts } = await import('./tools/build.ts');
      console.log(await buildForHosts('${architecture}'));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', build], {
      cwd: folder,
    });
    const there = stdout.trim();
    assert.equal(dirname(dirname(there)), folder);
    assert.equal(sha256Of(await readFile(there)), sha256Of(await readFile(here)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('the file runs alone, whatever the environment says to Node', async () => {
  const program = await buildForHosts(ownArchitecture());
  const env = { NODE_OPTIONS: '--require=/nowhere.js', PATH: '/nowhere' };
  const { stdout } = await run(program, ['--version'], { env, cwd: '/' });
  assert.equal(stdout.trim(), AUTOPILOT_VERSION);
  const help = await run(program, ['--help'], { env, cwd: '/' });
  assert.match(help.stdout, /^Usage: autopilot /);
});

const arm64 = findArm64();
test('on arm64 it tells its version, and its agent starts', {
  skip: 'why' in arm64 && arm64.why,
}, async () => {
  if ('why' in arm64) return;
  const program = await buildForHosts('arm64');
  const [qemu, ...before] = arm64.argv;
  const state = await mkdtemp(join(tmpdir(), 'autopilot-arm64-'));
  try {
    const { stdout } = await run(qemu, [...before, program, '--version']);
    assert.equal(stdout.trim(), AUTOPILOT_VERSION);
    const flags = ['--role=worker', '--kubeconfig=/nowhere', '--service=supervised:/nowhere'];
    const once = ['--once', '--reach=1s', `--state-dir=${state}`];
    // It cannot start itself anew here: this kernel does not know the file.
    const env = { ...process.env, AUTOPILOT_LEAN: '1' };
    const agent = await run(qemu, [...before, program, 'agent', ...flags, ...once], { env });
    assert.match(
      agent.stdout,
      /the agent starts.*cannot use the kubeconfig \/nowhere.*out of reach/s,
    );
  } finally {
    await rm(state, { recursive: true, force: true });
  }
});
