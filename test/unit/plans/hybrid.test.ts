import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TargetStatus } from '../../../src/api/plan.ts';
import type { Decision } from '../../../src/plans/decide.ts';
import type { ControlNodeFacts, NodeFacts } from '../../../src/plans/facts.ts';
import { controllerOfNode, workloadOf } from '../../../src/plans/hybrid.ts';
import { tidy } from '../../../src/plans/orphans.ts';
import { preflight } from '../../../src/plans/preflight.ts';
import {
  aBundle,
  aControlNode,
  aNode,
  anUpdate,
  aPolicy,
  aReport,
  aSpec,
  podsLeft,
  START_MS,
  someFacts,
} from '../../support/builders.ts';
import { actionsOf, begun, look, ordered, RUN, targetOf } from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ controllers: '', workers: '' }));
const ID = `${RUN}.0.1`;
const HYBRID: Partial<ControlNodeFacts> = { mode: 'controller+worker', nodeName: 'box-1' };
const staged = ordered({ goal: 'stage', signal: { phase: 'Staged' } });
const MARK = { orderId: ID, ours: true };

/** The downloads of others are none of this. */
const ofMachine = (decision: Decision) =>
  actionsOf(decision).filter((action) => !action.endsWith(' w-1'));

/** cp-1, which is the Node box-1 as well, and a worker beside it. */
function scene(
  controller: Partial<ControlNodeFacts>,
  node: Partial<NodeFacts>,
  more: {
    readonly told?: Partial<TargetStatus>;
    readonly others?: Readonly<Record<string, Partial<ControlNodeFacts>>>;
    readonly alone?: true;
    readonly nowMs?: number;
    readonly onTimeout?: 'Stop' | 'Skip' | 'Force';
  } = {},
) {
  const { told, others = {}, alone, nowMs, onTimeout } = more;
  const names = alone ? ['box-1'] : ['box-1', 'w-1'];
  const policy = onTimeout === undefined ? {} : { drain: { onTimeout } };
  const status = begun(
    someFacts(SPEC, {
      policy: aPolicy(policy),
      controlNodes: [
        aControlNode('cp-1', HYBRID),
        ...Object.keys(others).map((name) => aControlNode(name)),
      ],
      nodes: names.map((name) => aNode(name)),
    }),
  );
  return look({
    spec: SPEC,
    status,
    controllers: { 'cp-1': { ...HYBRID, ...controller }, ...others },
    nodes: { 'box-1': node, ...(alone ? {} : { 'w-1': {} }) },
    policy,
    ...(told && { told: { 'cp-1': told } }),
    ...(nowMs !== undefined && { nowMs }),
  });
}

describe('which objects are one machine', () => {
  const controlNode = (over: Partial<ControlNodeFacts>) => aControlNode('cp-1', over);
  const hostname = (value: string) => ({ labels: { 'kubernetes.io/hostname': value } });
  const rows: [string, ControlNodeFacts, NodeFacts, paired: boolean, emptied: boolean][] = [
    ['those of one name', controlNode({}), aNode('cp-1'), true, true],
    ['those that k0s says are', controlNode(HYBRID), aNode('box-1'), true, true],
    [
      'also where a cloud has named the Node',
      controlNode(HYBRID),
      aNode('ip-10-0-0-1.internal', hostname('box-1')),
      true,
      true,
    ],
    ['not those of other names', controlNode(HYBRID), aNode('box-2'), false, false],
    [
      'a Node that was left behind is not emptied',
      controlNode({ mode: 'controller' }),
      aNode('cp-1', { ready: 'Unknown' }),
      true,
      false,
    ],
  ];
  for (const [title, controller, node, paired, emptied] of rows) {
    test(title, () => {
      const nodes = new Map([[node.name, node]]);
      const controlNodes = new Map([[controller.name, controller]]);
      const found = controllerOfNode(node.name, { nodes, controlNodes });
      assert.equal(found?.name, paired ? 'cp-1' : undefined);
      assert.equal(workloadOf(controller, nodes)?.name, emptied ? node.name : undefined);
    });
  }
});

describe('a controller that is a worker as well', () => {
  test('is one target, of the controllers', () => {
    const { commands } = preflight(
      SPEC,
      someFacts(SPEC, {
        nodes: [aNode('box-1'), aNode('w-1')],
        controlNodes: [aControlNode('cp-1', HYBRID)],
      }),
    );
    assert.deepEqual(commands, [{ controllers: ['cp-1'], workers: ['w-1'] }]);
  });

  test('is cordoned by the name of its Node before it is told to apply', () => {
    const decision = scene(staged, {});
    assert.deepEqual(ofMachine(decision), ['cordon box-1']);
    assert.equal(targetOf(decision, 'cp-1').phase, 'Draining');
  });

  test('is emptied, and then told', () => {
    const left = scene(staged, { unschedulable: true, cordon: MARK, drain: podsLeft(1) });
    assert.deepEqual(ofMachine(left), ['evict box-1']);
    const empty = scene(staged, { unschedulable: true, cordon: MARK, drain: podsLeft(0) });
    assert.deepEqual(ofMachine(empty), ['apply cp-1']);
  });

  const down = {
    apiServer: { ready: 'False', message: 'down', atMs: START_MS, sinceMs: 0 },
  } as const;
  test('waits, emptied, while another controller is not ready, and is given back at its deadline', () => {
    const node = { unschedulable: true, cordon: MARK, drain: podsLeft(0) };
    const told = {
      phase: 'Draining',
      lastUpdatedTimestamp: new Date(START_MS).toISOString(),
    } as const;
    const others = { 'cp-2': down };
    const waits = scene(staged, node, { told, others });
    const { phase, reason, message } = targetOf(waits, 'cp-1');
    assert.deepEqual([phase, reason], ['Draining', 'ControllerNotReady']);
    assert.equal(message, 'empty; controller cp-2 is not ready');
    const late = scene(staged, node, { told, others, nowMs: START_MS + 3_600_000 });
    assert.equal(targetOf(late, 'cp-1').phase, 'Staged');
    assert.ok(actionsOf(late).includes('uncordon box-1'), actionsOf(late).join());
  });

  test('is not passed over when it cannot be emptied: workers would get ahead of its API server', () => {
    const node = { unschedulable: true, cordon: MARK, drain: podsLeft(1) };
    const told = {
      phase: 'Draining',
      lastUpdatedTimestamp: new Date(START_MS).toISOString(),
    } as const;
    const late = scene(staged, node, { told, nowMs: START_MS + 3_600_000, onTimeout: 'Skip' });
    const { phase, reason } = targetOf(late, 'cp-1');
    assert.deepEqual([phase, reason], ['Failed', 'DrainTimeout']);
  });

  const onTrial = ordered({
    goal: 'apply',
    signal: { phase: 'OnTrial', running: { version: 'v1.36.3+k0s.0', exits: 0, healthy: true } },
  });
  const told = {
    phase: 'OnTrial',
    lastUpdatedTimestamp: new Date(START_MS).toISOString(),
  } as const;
  const serves = {
    apiServer: { ready: 'True', message: '', atMs: START_MS + 60_000, sinceMs: 0 },
  } as const;
  const trials: [string, Partial<NodeFacts>, string][] = [
    ['while its kubelet is silent', { renewals: 0 }, 'Lease 0 of 2'],
    ['while its Node is not Ready', { renewals: 2, ready: 'False' }, 'not Ready'],
    ['while its kubelet is the old one', { renewals: 2 }, 'kubelet reports v1.36.1+k0s'],
  ];
  for (const [title, node, message] of trials) {
    test(`is not committed ${title}`, () => {
      const fresh = { kubeletVersion: title.includes('old') ? 'v1.36.1+k0s' : 'v1.36.3+k0s' };
      const decision = scene(
        { ...onTrial, ...serves },
        { ...fresh, unschedulable: true, cordon: MARK, ...node },
        { told, nowMs: START_MS + 60_000 },
      );
      const target = targetOf(decision, 'cp-1');
      assert.equal(target.phase, 'OnTrial');
      assert.match(target.message ?? '', new RegExp(message.replaceAll('+', '\\+')));
    });
  }

  test('is committed when both its API server and its kubelet are well', () => {
    const node = { kubeletVersion: 'v1.36.3+k0s', renewals: 2, unschedulable: true, cordon: MARK };
    const decision = scene({ ...onTrial, ...serves }, node, { told, nowMs: START_MS + 60_000 });
    assert.ok(actionsOf(decision).includes('commit cp-1'), actionsOf(decision).join());
  });

  test('keeps the cordon that it had before', () => {
    const facts = {
      nodes: [aNode('box-1', { unschedulable: true })],
      controlNodes: [aControlNode('cp-1', HYBRID)],
    };
    const status = begun(someFacts(SPEC, facts));
    assert.equal(status.commands?.[0]?.k0supdate?.controllers?.[0]?.cordoned, true);
  });

  test('gets a bundle by its ControlNode, whatever its Node is called', () => {
    const decision = look({
      spec: aSpec(aBundle({ workers: ['box-1'] })),
      controllers: { 'cp-1': HYBRID },
      nodes: { 'box-1': {} },
    });
    assert.deepEqual(actionsOf(decision), ['apply cp-1']);
    assert.equal(targetOf(decision, 'box-1').phase, 'Downloading');
  });

  test('is not given back while the order of a Plan that is gone is still obeyed', () => {
    const busy = ordered({ goal: 'undo', signal: { goal: 'undo', phase: 'Undoing' } });
    const done = ordered({ goal: 'undo', signal: { goal: 'undo', phase: 'Undone' } });
    const left = (order: typeof busy) =>
      tidy({
        nodes: new Map([['box-1', aNode('box-1', { unschedulable: true, cordon: MARK })]]),
        controlNodes: new Map([['cp-1', aControlNode('cp-1', { ...HYBRID, ...order })]]),
        activeRuns: new Set(),
        epoch: 3,
      }).map(({ kind, name }) => `${kind} ${name}`);
    assert.deepEqual(left(busy), []);
    assert.deepEqual(left(done), ['uncordon box-1', 'removeOrder cp-1']);
  });
});

test('a budget that spares no pod is told of where only hybrids are emptied, and not for the only Node', () => {
  const budgets = [{ name: 'web', namespace: 'shop', expectedPods: 3, desiredHealthy: 3 }];
  const controlNodes = [aControlNode('cp-1', HYBRID)];
  const only = aSpec(anUpdate({ controllers: '' }));
  const reasons = (...names: string[]) =>
    preflight(
      only,
      someFacts(only, { budgets, controlNodes, nodes: names.map((name) => aNode(name)) }),
    ).warnings.map(({ reason }) => reason);
  assert.ok(reasons('box-1', 'w-1').includes('BudgetNeverMet'));
  assert.ok(!reasons('box-1').includes('BudgetNeverMet'));
});

describe('the only Node', () => {
  test('is not emptied, and says so', () => {
    const decision = scene(staged, {}, { alone: true });
    assert.deepEqual(actionsOf(decision), ['apply cp-1']);
    const applies = scene(
      ordered({ goal: 'apply', signal: { phase: 'Applying' } }),
      {},
      {
        alone: true,
        told: { phase: 'Applying', lastUpdatedTimestamp: new Date(START_MS).toISOString() },
      },
    );
    const { message } = targetOf(applies, 'cp-1');
    assert.equal(message, 'k0s restarts; not drained, for it is the only Node');
    const saves = scene(
      ordered({
        goal: 'apply',
        signal: { phase: 'Staged', goal: 'apply' },
        order: { backup: { keep: 3, withinMs: 60_000 } },
      }),
      {},
      { alone: true, told: { phase: 'Applying' } },
    );
    assert.equal(
      targetOf(saves, 'cp-1').message,
      'k0s is being backed up; not drained, for it is the only Node',
    );
    const facts = { nodes: [aNode('box-1')], controlNodes: [aControlNode('cp-1', HYBRID)] };
    assert.deepEqual(preflight(SPEC, someFacts(SPEC, facts)).warnings, [
      {
        reason: 'NotDrained',
        message: 'commands[0]: controller cp-1 is not drained, for it is the only Node',
      },
    ]);
  });
});

describe('a ControlNode whose host is gone', () => {
  const gone: Partial<ControlNodeFacts> = {
    report: { kind: 'valid', value: aReport() },
    reportedAtMs: START_MS - 7_200_000,
    apiServer: { ready: 'False', message: 'no answer: ECONNREFUSED', atMs: START_MS, sinceMs: 0 },
  };
  const said =
    'silent for 7200s, and its API server is not ready (no answer: ECONNREFUSED); if that host is gone for good: kubectl delete controlnode.autopilot.k0sproject.io cp-9';

  test('is refused as a target, with what to type', () => {
    const controlNodes = [aControlNode('cp-1'), aControlNode('cp-9', gone)];
    const [refusal] = preflight(SPEC, someFacts(SPEC, { controlNodes })).refusals;
    assert.deepEqual(
      [refusal?.reason, refusal?.message],
      ['ControlNodeStale', `ControlNode cp-9: ${said}`],
    );
  });

  test('is warned of where it is none, for the others wait for it, and named while they do', () => {
    const spec = aSpec(anUpdate({ controllers: ['cp-1'] }));
    const controlNodes = [aControlNode('cp-1'), aControlNode('cp-9', gone)];
    const { refusals, warnings } = preflight(spec, someFacts(spec, { controlNodes }));
    assert.deepEqual(refusals, []);
    assert.deepEqual(warnings, [
      {
        reason: 'ControlNodeStale',
        message: `commands[0]: no controller is updated while ControlNode cp-9 is not ready: ${said}`,
      },
    ]);
    const decision = look({ spec, controllers: { 'cp-1': staged, 'cp-9': gone } });
    assert.equal(
      decision.kind === 'wait' && decision.message.includes(said),
      true,
      JSON.stringify(decision),
    );
  });

  test('that has never had an agent is no other', () => {
    const never = { ...gone, report: { kind: 'absent' } as const, reportedAtMs: undefined };
    const facts = someFacts(SPEC, { controlNodes: [aControlNode('cp-9', never)] });
    assert.match(
      preflight(SPEC, facts).refusals[0]?.message ?? '',
      /no agent has ever reported, and/,
    );
  });

  test('is not taken for gone while one of the two is heard of', () => {
    const serves = { ...gone, apiServer: aControlNode('x').apiServer };
    const reports = { ...gone, reportedAtMs: START_MS - 1_000 };
    for (const over of [serves, reports]) {
      const facts = someFacts(SPEC, { controlNodes: [aControlNode('cp-9', over)] });
      assert.ok(
        !preflight(SPEC, facts).refusals.some(({ reason }) => reason === 'ControlNodeStale'),
      );
    }
  });
});
