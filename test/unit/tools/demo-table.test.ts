import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { paintFor } from '../../../src/cli/print-paint.ts';
import { bar, fit, pad } from '../../../src/cli/print-table.ts';
import { changes } from '../../../tools/demo/changes.ts';
import { percent, type Surroundings, table } from '../../../tools/demo/table.ts';
import { wrap } from '../../../tools/screen.ts';
import type { HostView, World } from '../../support/observe/world.ts';

const plain = paintFor({ isTTY: false }, {});

function aHost(rest: Partial<HostView> = {}): HostView {
  return {
    name: 'c1',
    role: 'controller',
    zone: undefined,
    version: 'v1.36.1+k0s.0',
    ready: undefined,
    cordoned: false,
    orderText: undefined,
    report: undefined,
    signal: undefined,
    phase: 'Pending',
    reason: undefined,
    message: undefined,
    previousVersion: 'v1.36.1+k0s.0',
    ...rest,
  };
}

function aWorld(...hosts: readonly HostView[]): World {
  return { hosts, plan: undefined, readyReplicas: 6 };
}

const around: Surroundings = {
  title: 'every node to v1.36.3+k0s.0',
  elapsedMs: 12_345,
  replicas: { wanted: 6, budget: 5, lowest: 5 },
  api: { asked: 1000, answered: 999 },
  touchedMs: new Map([['c1', 6_400]]),
};

const onTrial = aHost({
  name: 'w1',
  role: 'worker',
  zone: 'zone-a',
  phase: 'OnTrial',
  version: 'v1.36.3+k0s.0',
  ready: false,
  cordoned: true,
  message: 'kubelet has renewed its Lease 1 of 2 times since the restart and more words follow',
});

describe('the picture of the demo', () => {
  for (const columns of [80, 100, 120, 200]) {
    test(`is never wider than a terminal of ${columns} columns`, () => {
      for (const line of table(aWorld(aHost(), onTrial), around, columns, plain)) {
        assert.ok([...line].length < columns, `${[...line].length}: ${line}`);
      }
    });
  }

  test('shows versions old and new, and why a node waits', () => {
    const text = table(aWorld(onTrial), around, 200, plain).join('\n');
    assert.match(text, /v1\.36\.1\+k0s\.0 → v1\.36\.3\+k0s\.0/);
    assert.match(text, /on trial +cordoned; not Ready; kubelet has renewed its Lease 1 of 2 times/);
    assert.match(text, /6\/6 replicas ready, lowest 5, budget 5/);
  });

  test('shows how long a node took once it is updated', () => {
    const host = aHost({ phase: 'Committed', version: 'v1.36.3+k0s.0' });
    const text = table(aWorld(host), around, 120, plain).join('\n');
    assert.match(text, /✔ updated +in 6\.4 s/);
  });

  test('has no colours where they are not wanted', () => {
    const env = { NO_COLOR: '1', TERM: 'xterm' };
    assert.equal(paintFor({ isTTY: true }, env).bad('x'), 'x');
    assert.equal(paintFor({ isTTY: false }, {}).bad('x'), 'x');
    assert.equal(paintFor({ isTTY: true }, {}).bad('x'), '\x1b[31mx\x1b[39m');
  });

  test('cuts, fills and measures', () => {
    assert.equal(fit('a long\n sentence', 8), 'a long …');
    assert.equal(pad('ab', 4), 'ab  ');
    assert.equal(bar(0.5, 4), '██░░');
    assert.equal(percent(9_999, 10_000), '99.9 %');
    assert.equal(percent(10, 10), '100 %');
  });
});

describe('a long line on a terminal', () => {
  test('goes on below its beginning, and colours take no room', () => {
    assert.deepEqual(wrap('  one two three', 9), ['  one two', '  three']);
    assert.deepEqual(wrap('\x1b[31m  short\x1b[39m', 9), ['\x1b[31m  short\x1b[39m']);
    assert.deepEqual(wrap('  unbreakable', 5), ['  unbreakable']);
  });
});

describe('the lines of the demo', () => {
  test('tell of each phase once', () => {
    const before = aWorld(aHost({ phase: 'Staged' }));
    const now = aWorld(aHost({ phase: 'Applying', message: 'k0s restarts' }));
    assert.deepEqual(changes(before, now), ['◑ c1 applying: k0s restarts']);
    assert.deepEqual(changes(now, now), []);
  });

  test('tell when fewer replicas are ready', () => {
    const now = { ...aWorld(aHost()), readyReplicas: 5 };
    assert.deepEqual(changes(aWorld(aHost()), now), ['workload: 5 replicas ready']);
  });
});
