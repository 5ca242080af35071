import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryRun } from '../../support/cluster/run.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');
const env = { KUBECONFIG: '/nowhere', PATH: '/nowhere' };

/** What was typed, and what is said about it. */
const rows: readonly (readonly [argv: readonly string[], says: RegExp])[] = [
  [[], /^Usage: autopilot /],
  [['nonsense'], /unknown command 'nonsense'/],
  [['--colour'], /unknown option '--colour'/],
  [['pause'], /missing required argument 'plan'/],
  [['pause', 'x', '--timeout', 'soon'], /--timeout: wanted seconds, from 1 to 86400/],
  [['pause', 'x', '-o', 'wide'], /Allowed choices are text, json, yaml/],
  [['retry', 'x'], /^autopilot retry: cannot read the kubeconfig/],
  [['status', '--kubeconfig', '/nowhere'], /^autopilot status: cannot read the kubeconfig/],
  [['doctor', '--api-port', '0'], /--api-port: wanted 1 to 65535, found 0/],
  [['preview', '-f', '/nowhere.yaml'], /^autopilot preview: \/nowhere\.yaml: ENOENT/],
  [['controller', '--log-level', 'loud'], /Allowed choices are debug, info, warn, error/],
  [['controller', '--metrics-address', '1'], /wanted ADDRESS:PORT.*\(ConfigInvalid\)/],
  [['controller', '--kubeconfig', '/nowhere'], /\(InvalidKubeconfig\)/],
  [['manifests', 'more'], /too many arguments/],
  [['install', 'everything'], /Allowed choices are agent, controller, both/],
  [['channel', 'nonsense'], /unknown command 'nonsense'/],
  [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish, kubectl/],
];

test('what cannot be used ends with 2, says what was found, and prints nothing else', async () => {
  const all = rows.map(async ([argv, says]) => {
    const { code, stdout, stderr } = await tryRun(process.execPath, [MAIN, ...argv], { env });
    assert.deepEqual([code, stdout], [2, ''], `${argv.join(' ')}: ${stderr}`);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
  });
  await Promise.all(all);
});

test('help and versions are asked for, and end with 0', async () => {
  for (const argv of [['--help'], ['help'], ['status', '--help'], ['channel', '--help'], ['-v']]) {
    const { code, stderr } = await tryRun(process.execPath, [MAIN, ...argv], { env });
    assert.deepEqual([code, stderr], [0, ''], argv.join(' '));
  }
});
