import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readK0sCommand } from '../../../src/node-agent/k0s-unit.ts';

describe('the command line of k0s', () => {
  for (const [sentence, args, wanted] of [
    ['has defaults', ['worker'], { dataDir: '/var/lib/k0s', statusSocket: '/run/k0s/status.sock' }],
    ['says where data lies', ['worker', '--data-dir=/d'], { dataDir: '/d' }],
    ['says it in two words', ['worker', '--data-dir', '/d', '--debug'], { dataDir: '/d' }],
    ['says the last word last', ['worker', '--data-dir=/a', '--data-dir=/b'], { dataDir: '/b' }],
    ['is read from /', ['worker', '--data-dir=data'], { dataDir: '/data' }],
    ['names a run folder', ['controller', '--run-dir=/r'], { statusSocket: '/r/status.sock' }],
    [
      'names a status socket',
      ['controller', '--run-dir=/r', '--status-socket=/s.sock'],
      { statusSocket: '/s.sock' },
    ],
    ['may begin with flags', ['--debug', 'controller'], { role: 'controller' }],
    ['may be another one', ['api'], { role: undefined }],
    ['has a worker in it', ['controller', '--enable-worker'], { mode: 'controller+worker' }],
    ['has no worker in it', ['controller', '--enable-worker=false'], { mode: 'controller' }],
    [
      'has flags that stand alone',
      ['controller', '--enable-dynamic-config', '--data-dir', '/d'],
      { dataDir: '/d' },
    ],
    [
      "names the kubelet's Node",
      ['worker', '--kubelet-extra-args', '--v=2 --hostname-override=n1'],
      { nodeName: 'n1' },
    ],
    [
      'names it in two words',
      ['worker', '--kubelet-extra-args=--hostname-override n1 --data-dir=/no'],
      { nodeName: 'n1', dataDir: '/var/lib/k0s' },
    ],
    [
      'names it where the quotes are lost',
      ['worker', '--kubelet-extra-args=--v=2', '--hostname-override=n1'],
      { nodeName: 'n1' },
    ],
  ] as const) {
    it(sentence, () => {
      const found = readK0sCommand(args);
      assert.deepEqual(
        Object.fromEntries(Object.keys(wanted).map((key) => [key, found[key as 'dataDir']])),
        wanted,
      );
    });
  }
});
