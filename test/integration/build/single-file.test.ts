import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { AUTOPILOT_VERSION } from '../../../src/version.ts';
import { findArm64 } from '../../../tools/arm64/setup.ts';
import { buildForHosts } from '../../../tools/build.ts';
import { NOTICES } from '../../../tools/single-file/build.ts';
import { ownArchitecture } from '../../../tools/single-file/node-binaries.ts';
import { eventually } from '../../support/eventually.ts';
import { sha256Of } from '../../support/sha256.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../..');
/** All that a build reads, beside the packages. */
const SOURCES = [
  'src',
  'tools',
  'deploy',
  'deploy-in-cluster',
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

test('a command that reads manifests finds them in the file', async () => {
  const program = await buildForHosts(ownArchitecture());
  for (const words of [['doctor'], ['adopt', '--check']]) {
    const { promise, resolve } = Promise.withResolvers<string>();
    execFile(program, [...words, '--kubeconfig', '/nowhere'], { cwd: '/' }, (_error, _out, said) =>
      resolve(said),
    );
    // it has come as far as the cluster
    assert.match(await promise, /\/nowhere/, words.join(' '));
  }
});

test('it carries the licence of each package that is in it, and of Node; the same lie beside it', async () => {
  const program = await buildForHosts(ownArchitecture());
  const { stdout } = await run(program, ['version', '--licenses'], { maxBuffer: 16 << 20 });
  assert.equal(await readFile(join(dirname(program), NOTICES), 'utf8'), stdout);
  const { files } = JSON.parse(
    await readFile(join(dirname(program), 'bundle/inputs.json'), 'utf8'),
  ) as { files: readonly string[] };
  const bundled = files.flatMap(
    (file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [],
  );
  const told = new Set([...stdout.matchAll(/^=+\n(\S+) \S+ \(/gm)].map(([, name]) => name));
  // Whatever was left out of a package as a whole need not be named; all that is in it has to be.
  const direct = Object.keys(
    (JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object })
      .dependencies,
  );
  for (const name of direct) assert.ok(told.has(name), name);
  for (const name of told)
    assert.ok(/^node-/.test(name ?? '') || bundled.includes(name ?? ''), name);
  assert.ok(
    [...told].some((name) => /^node-linux-/.test(name ?? '')),
    'Node itself',
  );
  assert.match(stdout, /Permission is hereby granted/);
});

test('what the image runs, as its user, where nothing can be written', {
  skip:
    process.getuid?.() !== 0 &&
    'only root can make a file system read-only, and give up being root',
}, async () => {
  const dockerfile = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
  const [, uid, gid] = /^USER (\d+):(\d+)$/m.exec(dockerfile) ?? [];
  const [, entrypoint = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
  const [, command = '[]'] = /^CMD (.*)$/m.exec(dockerfile) ?? [];
  const [installed = '', ...more] = [...JSON.parse(entrypoint), ...JSON.parse(command)] as string[];
  const [, source = '', target] = /^COPY --chmod=0755 (\S+) (\S+)$/m.exec(dockerfile) ?? [];
  assert.equal(target, installed);
  const own = ownArchitecture();
  const program = await buildForHosts(own);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as Docker writes it
  assert.equal(join(ROOT, source.replace('${TARGETARCH}', own)), program);
  const folder = await mkdtemp(join(tmpdir(), 'autopilot-image-'));
  try {
    await chmod(folder, 0o755);
    await cp(program, join(folder, 'autopilot'));
    await writeFile(join(folder, 'kubeconfig'), NO_CLUSTER, { mode: 0o644 });
    const script = [
      'mount --bind "$1" /mnt && mount -o remount,bind,ro / && mount -o remount,bind,ro /mnt || exit 99',
      'shift && exec setpriv "$@"',
    ].join('\n');
    const given = ['--kubeconfig', '/mnt/kubeconfig', '--metrics-address', 'off'];
    const user = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'];
    const as = [...user, '/mnt/autopilot', ...more, ...given];
    const argv = ['--mount', '--propagation=private', 'sh', '-c', script, 'sh', folder, ...as];
    // every one of them becomes the next one, so that this is the program's own process
    const child = spawn('unshare', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'exit');
    let said = '';
    child.stderr.on('data', (piece) => {
      said += piece;
    });
    await eventually('it to start', () => /"msg":"starting"/.test(said) || child.exitCode !== null);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null], said);
    assert.match(said, /"msg":"starting"/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Port 9 is nobody's: whoever asks is refused at once. */
const NO_CLUSTER = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'none',
  clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:9' } }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'nobody' } }],
  users: [{ name: 'nobody', user: { token: 'x' } }],
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
