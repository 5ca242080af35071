import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { StoredPlanStatus } from '../../../src/api/plan.ts';
import { paintFor } from '../../../src/cli/print-paint.ts';
import { hostText, statusText } from '../../../src/cli/status-print.ts';
import { type StatusWorld, statusOf } from '../../../src/cli/status-view.ts';
import type { TrimmedControlNode } from '../../../src/kube/trim-control-node.ts';
import type { TrimmedNode } from '../../../src/kube/trim-node.ts';
import type { TrimmedPlan } from '../../../src/plans/trim-plan.ts';
import { aReport, NEW, OLD, START_MS } from '../../support/builders.ts';

const iso = (secondsAgo: number) => new Date(START_MS - secondsAgo * 1000).toISOString();
const plain = paintFor({ isTTY: false }, {});

const common = (name: string) => ({
  ...{ name, uid: name, resourceVersion: '1', labels: {}, orderText: undefined },
  order: { kind: 'absent' as const },
  reportText: '{}',
  report: { kind: 'valid' as const, value: aReport() },
  reportedAtMs: START_MS - 5_000,
  exemptions: undefined,
});
const aNode = (name: string, over: Partial<TrimmedNode> = {}): TrimmedNode => ({
  ...common(name),
  ...{ ready: 'True', kubeletVersion: 'v1.36.1+k0s', unschedulable: false },
  ...{ cordonedFor: undefined, softTaint: undefined },
  ...over,
});
const aController = (name: string): TrimmedControlNode => ({
  ...common(name),
  k0sVersion: OLD,
  internalIp: '10.0.0.1',
  nodeName: name,
  mode: undefined,
});
const aPlan = (name: string, status: StoredPlanStatus): TrimmedPlan => ({
  ...{ name, uid: name, resourceVersion: '1', generation: 1, createdAtMs: START_MS - 90_000 },
  ...{ appliedAtMs: 0, appliedBy: undefined, requests: [], deleted: false },
  spec: { id: name, timestamp: 'now', commands: [] },
  status,
});

const RUNNING = aPlan('spring', {
  state: 'SchedulableWait',
  targetVersion: NEW,
  progress: { done: 1, total: 3, text: '1/3' },
  waitsFor: 'w1 Draining: shop/web-1: budget web allows no disruption now',
  commands: [
    {
      id: 0,
      state: 'SchedulableWait',
      k0supdate: {
        controllers: [
          {
            ...{ name: 'c1', state: 'SignalCompleted', phase: 'Committed' },
            lastUpdatedTimestamp: iso(60),
          },
        ],
        workers: [
          {
            ...{ name: 'w1', state: 'SignalSent', phase: 'Draining', reason: 'WaitsForDrain' },
            message: 'shop/web-1: budget web allows no disruption now',
            lastUpdatedTimestamp: iso(20),
          },
        ],
      },
    },
  ],
});

const world = (over: Partial<StatusWorld> = {}): StatusWorld => ({
  ...{ nowMs: START_MS, serverNowMs: START_MS, leader: { kind: 'alive', holder: 'c2_id' } },
  plans: [RUNNING],
  nodes: [aNode('w1', { unschedulable: true }), aNode('w2'), aNode('w3')],
  controlNodes: [aController('c1')],
  ...over,
});

const shown = (columns: number, over: Partial<StatusWorld> = {}) =>
  statusText(statusOf(world(over)), { paint: plain, columns, wide: false });

describe('status', () => {
  test('at 80 columns: no line is longer, and what is cut says so', () => {
    const lines = shown(80);
    for (const line of lines) assert.ok([...line].length <= 80, `${[...line].length}: ${line}`);
    assert.match(
      lines.join('\n'),
      /^w1 +worker +v1\.36\.1\+k0s\.0 +◔ draining +20s +cordoned; shop\/we.*…$/m,
    );
  });

  test('at 200 columns: bars, and whole sentences', () => {
    assert.deepEqual(shown(200), [
      'leader c2_id',
      '',
      'PLAN    STATE                        DONE  VERSION        AGE     WAITS FOR',
      'spring  SchedulableWait  ███░░░░░░░  1/3   v1.36.3+k0s.0  1m 30s  w1 Draining: shop/web-1: budget web allows no disruption now',
      '',
      'HOST  ROLE                    VERSION        PHASE       FOR  MESSAGE',
      'c1    controller  ██████████  v1.36.1+k0s.0  ✔ updated   1m',
      'w1    worker      █████░░░░░  v1.36.1+k0s.0  ◔ draining  20s  cordoned; shop/web-1: budget web allows no disruption now',
      'w2    worker                  v1.36.1+k0s.0',
      'w3    worker                  v1.36.1+k0s.0',
    ]);
  });

  test('of one Plan: its targets alone', () => {
    const { hosts } = statusOf(world(), { plan: 'spring' });
    assert.deepEqual(
      hosts.map(({ name }) => name),
      ['c1', 'w1'],
    );
  });

  test('of one host: what its agent reports', () => {
    const [host] = statusOf(world(), { node: 'w1' }).hosts;
    assert.deepEqual(hostText(host!, { paint: plain, columns: 80, wide: false }), [
      'w1',
      '  role      worker',
      '  k0s       v1.36.1+k0s.0',
      '  kubelet   Ready',
      '  cordoned  yes',
      '  agent     fresh (0.1.0, last report 5s ago)',
      '  free      10 GB',
      '  Plan      spring',
      '  phase     ██████████░░░░░░░░░░ ◔ draining, for 20s',
      '  reason    WaitsForDrain',
      '  message   shop/web-1: budget web allows no disruption now',
    ]);
  });

  test('says that nobody leads, and which agents are away', () => {
    const nodes = [aNode('w1', { report: { kind: 'absent' } })];
    const text = shown(120, { leader: { kind: 'gone' }, nodes }).join('\n');
    assert.match(text, /^leader none: nothing is begun, autopilot doctor says why$/m);
    assert.match(text, /^1 of 2 agents do not report: autopilot doctor$/m);
  });

  test('a hybrid is one host, also where its Node is called otherwise', () => {
    const controlNodes = world().controlNodes.map((one) => ({ ...one, nodeName: 'box-1' }));
    const called = statusOf(world({ controlNodes, nodes: [aNode('box-1')] }));
    assert.deepEqual(
      called.hosts.map(({ name }) => name),
      ['c1'],
    );
    const { hosts } = statusOf(world({ nodes: [aNode('c1')] }));
    assert.deepEqual(
      hosts.map(({ name, role }) => `${name} ${role}`),
      ['c1 controller'],
    );
  });

  test('has failed when a Plan that is shown has', () => {
    assert.equal(statusOf(world()).failed, false);
    const plans = [RUNNING, aPlan('bad', { state: 'ApplyFailed' })];
    assert.equal(statusOf(world({ plans })).failed, true);
    assert.equal(statusOf(world({ plans }), { plan: 'spring' }).failed, false);
  });

  test('in colours, the columns stay where they are', () => {
    const colour = paintFor({ isTTY: true }, { TERM: 'xterm' });
    const lines = statusText(statusOf(world()), { paint: colour, columns: 200, wide: false });
    const bare = lines.map((line) => stripVTControlCharacters(line).trimEnd());
    assert.deepEqual(bare, shown(200));
  });
});
