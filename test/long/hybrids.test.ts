import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Plan } from '../../src/api/plan.ts';
import { airgapPlan, BUNDLE, FOR_OTHERS } from '../support/airgap-plan.ts';
import { Cluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { workloadManifests } from '../support/manifests.ts';
import { NEW_VERSION } from '../support/releases.ts';

const RELEASE = { version: NEW_VERSION };

interface ListedNode {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly unschedulable?: boolean };
  readonly status: { readonly nodeInfo: { readonly kubeletVersion: string } };
}

async function nodesOf(cluster: Cluster): Promise<readonly ListedNode[]> {
  const { items } = JSON.parse(await cluster.kubectl('get', 'nodes', '-o', 'json')) as {
    items: ListedNode[];
  };
  return items;
}

/** Follows a Plan to its end. @returns the messages of each controller, and those that were seen cordoned */
async function followPlan(cluster: Cluster, name: string) {
  const messages = new Map<string, Set<string>>();
  const cordoned = new Set<string>();
  const plan = (await eventually(
    `the Plan ${name} to end`,
    async () => {
      // While a controller restarts, a question may fail.
      const now = await cluster.plan(name).catch(() => undefined);
      const nodes = await nodesOf(cluster).catch(() => []);
      for (const { metadata, spec } of nodes) if (spec.unschedulable) cordoned.add(metadata.name);
      for (const { k0supdate } of now?.status?.commands ?? []) {
        for (const target of k0supdate?.controllers ?? []) {
          const said = messages.get(target.name) ?? new Set();
          messages.set(target.name, said.add(`${target.phase}: ${target.message}`));
        }
      }
      if (now?.status?.finishedAt !== undefined) return now;
      throw new Error(JSON.stringify(now?.status?.waitsFor));
    },
    { timeoutMs: 300_000, everyMs: 300 },
  )) as Plan;
  return { plan, messages, cordoned };
}

function statesOf(targets: readonly { name: string; state: string }[] | undefined) {
  return targets?.map(({ name, state }) => `${name} ${state}`);
}

describe('three controllers that are workers as well', { timeout: 480_000 }, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await Cluster.start({
      ...{ controllers: 3, workers: 1, hybrids: 'all', orchestrators: 3 },
      k0sArguments: (name) => (name.startsWith('c') ? ['--no-taints'] : []),
    });
    await cluster.apply(workloadManifests());
    await cluster.kubectl('rollout', 'status', 'deployment/shop', '--timeout=60s');
  });
  after(() => cluster?.stop());

  test('get a bundle, and are then emptied and updated one by one, each once', async () => {
    await cluster.apply(await airgapPlan(cluster, { name: 'hybrids', release: RELEASE }));
    const { plan, cordoned } = await followPlan(cluster, 'hybrids');
    assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status, null, 1));
    const [bundle, update] = plan.status?.commands ?? [];
    const completed = (...names: string[]) => names.map((name) => `${name} SignalCompleted`);
    assert.deepEqual(statesOf(bundle?.airgapupdate?.workers), completed('c1', 'c2', 'c3', 'w1'));
    assert.deepEqual(statesOf(update?.k0supdate?.controllers), completed('c1', 'c2', 'c3'));
    assert.deepEqual(statesOf(update?.k0supdate?.workers), completed('w1'));
    assert.deepEqual([...cordoned].toSorted(), ['c1', 'c2', 'c3', 'w1']);
    for (const { metadata, spec, status } of await nodesOf(cluster)) {
      assert.equal(spec.unschedulable, undefined, metadata.name);
      assert.equal(status.nodeInfo.kubeletVersion, 'v1.36.3+k0s', metadata.name);
    }
    for (const { name, places } of cluster.hosts) {
      assert.ok(existsSync(join(places.dataDir, 'images', BUNDLE.file)), name);
    }
    assert.ok(!cluster.artifacts.downloads.some(({ path }) => path === FOR_OTHERS));
  });

  test('the leader handed over before its own host was restarted', async () => {
    const logs = await Promise.all(cluster.orchestrators.map((one) => one.log()));
    const handed = logs.filter((log) => log.includes('the own host comes next, handing over'));
    assert.ok(handed.length >= 1, logs.join('\n'));
  });

  test('each has one order and one report, on its ControlNode', async () => {
    const reports = await cluster.kubectl(
      ...['get', 'nodes,controlnodes', '-o'],
      'jsonpath={range .items[?(@.metadata.annotations.autopilot\\.k0sproject\\.io/report)]}{.kind}/{.metadata.name} {end}',
    );
    assert.deepEqual(reports.trim().split(' ').toSorted(), [
      ...['ControlNode/c1', 'ControlNode/c2', 'ControlNode/c3', 'Node/w1'],
    ]);
  });
});

describe('a single node', { timeout: 300_000 }, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await Cluster.start({ single: true });
    await cluster.apply(workloadManifests());
    await cluster.kubectl('rollout', 'status', 'deployment/shop', '--timeout=60s');
  });
  after(() => cluster?.stop());

  test('is updated beneath its pods, and says that it is not drained', async () => {
    const pods = () => cluster.kubectl('get', 'pods', '-o', 'jsonpath={.items[*].metadata.uid}');
    const before = await pods();
    await cluster.apply(await airgapPlan(cluster, { name: 'single', release: RELEASE }));
    const { plan, messages, cordoned } = await followPlan(cluster, 'single');
    assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status, null, 1));
    const [, update] = plan.status?.commands ?? [];
    assert.deepEqual(statesOf(update?.k0supdate?.controllers), ['c1 SignalCompleted']);
    assert.deepEqual(statesOf(update?.k0supdate?.workers), []);
    assert.deepEqual([...cordoned], []);
    assert.equal(await pods(), before);
    const said = [...(messages.get('c1') ?? [])];
    const isSaid = said.some((text) => text.endsWith('not drained, for it is the only Node'));
    assert.ok(isSaid, said.join('\n'));
    const accepted = plan.status?.conditions?.find(({ type }) => type === 'Accepted');
    assert.match(accepted?.message ?? '', /c1 is not drained, for it is the only Node/);
  });
});
