import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import {
  aCommand,
  aPlan,
  conditionOf,
  everything,
  hasEnded,
  only,
  targetNamed,
} from '../../support/plans.ts';
import { NEW_VERSION, OLD_VERSION } from '../../support/releases.ts';

let cluster: Cluster;
let offer: Offer;
let pids: Record<string, number>;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 2, withoutAgent: ['w2'] });
  offer = await cluster.offer({ version: NEW_VERSION });
  pids = await processes();
});
after(() => cluster?.stop());

async function processes(): Promise<Record<string, number>> {
  const all = await Promise.all(
    cluster.hosts.map(async (host) => [host.name, (await host.k0sStatus()).pid] as const),
  );
  return Object.fromEntries(all);
}

interface Row {
  readonly sentence: string;
  readonly plan: () => object;
  readonly state: string;
  readonly reason: string;
  readonly message: RegExp;
  /** Name of a target, and k0s's word for its state. */
  readonly target?: readonly [string, string];
}

const good = { version: NEW_VERSION };
const rows: Row[] = [
  {
    sentence: 'a platform that is missing',
    plan: () => aPlan({ ...good, offer, workers: only('w1'), platform: 'linux-riscv64' }),
    state: 'IncompleteTargets',
    reason: 'PlatformMissing',
    message: /Node w1 is linux-amd64; the Plan has artifacts for linux-riscv64/,
    target: ['w1', 'SignalMissingPlatform'],
  },
  {
    sentence: 'a node that does not exist',
    plan: () => aPlan({ ...good, offer, workers: only('w1', 'nobody') }),
    state: 'IncompleteTargets',
    reason: 'NodeMissing',
    message: /Node nobody does not exist/,
    target: ['nobody', 'SignalMissingNode'],
  },
  {
    sentence: 'a node without an agent',
    plan: () => aPlan({ ...good, offer, controllers: everything, workers: everything }),
    state: 'IncompleteTargets',
    reason: 'AgentMissing',
    message: /Node w2 has no agent: it has never reported/,
    target: ['w2', 'SignalPending'],
  },
  {
    sentence: 'a selector that is invalid',
    plan: () => aPlan({ ...good, offer, workers: { selector: { labels: 'pool in (' } } }),
    state: 'IncompleteTargets',
    reason: 'InvalidSelector',
    message: /label selector: wanted .* found "pool in \(".*; it selects nothing/,
  },
  {
    sentence: 'a selector that matches nothing',
    plan: () =>
      aPlan({
        ...good,
        offer,
        controllers: { selector: { labels: 'node-role.kubernetes.io/control-plane=true' } },
      }),
    state: 'IncompleteTargets',
    reason: 'NoTargets',
    message: /wanted at least one target, found none: controllers by labels/,
  },
  {
    sentence: 'a version that is no version',
    plan: () => aPlan({ version: 'latest', offer, workers: only('w1') }),
    state: 'ApplyFailed',
    reason: 'InvalidVersion',
    message: /wanted a k0s version such as v1.36.3\+k0s.0, found "latest"/,
  },
  {
    sentence: 'concurrent: 0',
    plan: () => aPlan({ ...good, offer, workers: only('w1'), concurrent: 0 }),
    state: 'ApplyFailed',
    reason: 'InvalidLimit',
    message: /limits.concurrent: wanted 1 or more, found 0/,
  },
  {
    sentence: 'a bundle from a mirror that is no address',
    plan: () => {
      const plan = aPlan({ ...good, offer, workers: only('w1') });
      const bundle = {
        airgapupdate: {
          version: NEW_VERSION,
          platforms: { 'linux-amd64': { ...offer, mirrors: ['mirror/bundle.tar'] } },
          workers: { discovery: everything },
        },
      };
      return {
        ...plan,
        spec: {
          ...plan.spec,
          commands: [bundle, aCommand({ ...good, offer, workers: only('w1') })],
        },
      };
    },
    state: 'ApplyFailed',
    reason: 'InvalidUrl',
    message: /commands\[0\]: airgapupdate.platforms.linux-amd64.mirrors\[0\]: wanted http/,
  },
];

for (const row of rows) {
  test(`${row.sentence} is refused by name, and nothing is touched`, async () => {
    await cluster.tryKubectl(['delete', 'plan', 'autopilot', '--ignore-not-found']);
    await cluster.apply(row.plan());
    const plan = await cluster.waitForPlan('autopilot', 'to be refused', hasEnded);
    assert.equal(plan.status?.state, row.state);
    const refused = conditionOf(plan, 'Accepted');
    assert.equal(refused?.status, 'False');
    assert.equal(refused.reason, row.reason);
    assert.match(refused.message, row.message);
    if (row.target !== undefined) {
      const [name, state] = row.target;
      assert.equal(targetNamed(plan, name)?.state, state);
      assert.match(targetNamed(plan, name)?.message ?? '', row.message);
    }
    const orders = await cluster.kubectl('get', 'nodes,controlnodes', '-o', 'yaml');
    assert.doesNotMatch(orders, /autopilot.k0sproject.io\/order/);
    assert.deepEqual(await processes(), pids);
  });
}

test('a Plan that is mended and applied again with a new id runs', async () => {
  await cluster.apply(aPlan({ ...good, offer, workers: only('nobody') }));
  await cluster.waitForPlan(
    'autopilot',
    'to be refused',
    (plan) => conditionOf(plan, 'Failed')?.reason === 'NodeMissing',
  );
  await cluster.apply(aPlan({ ...good, id: 'upg-2', offer, workers: only('w1') }));
  const plan = await cluster.waitForPlan(
    'autopilot',
    'to be Completed',
    (one) => one.status?.state === 'Completed',
  );
  assert.equal(plan.status?.observedGeneration, plan.metadata.generation);
  assert.equal(targetNamed(plan, 'w1')?.previousVersion, OLD_VERSION);
  assert.equal((await cluster.host('w1').k0sStatus()).version, NEW_VERSION);
  assert.equal((await cluster.host('w2').k0sStatus()).version, OLD_VERSION);
});

test('kubectl get plan shows how far it is and what to', async () => {
  const table = await cluster.kubectl('get', 'plans');
  assert.match(table, /NAME +STATE +PROGRESS +VERSION +WAITS FOR +AGE/);
  assert.match(table, /autopilot +Completed +1\/1 +v1.36.3\+k0s.0/);
});
