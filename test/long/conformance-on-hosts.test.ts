import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ANNOTATION } from '../../src/api/meta.ts';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { heldUp } from '../conformance/catalogue/three-and-three.ts';
import { planOf, whyOf } from '../support/conformance/record-run.ts';
import { Recording } from '../support/conformance/recording.ts';
import { titled } from '../support/conformance/titled.ts';
import { eventually } from '../support/eventually.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { conditionOf, hasEnded, targetNamed } from '../support/plans.ts';
import { NEW_VERSION, OLD_VERSION } from '../support/releases.ts';

const WORKERS = ['w1', 'w2', 'w3'];
const TIMEOUT_MS = 20 * 60_000;
const RUN_MS = 6 * 60_000;
const LOOKS_ON_MS = 10_000;
const UNDER_WAY = new Set(['Draining', 'Applying', 'OnTrial', 'Committing', 'Undoing']);

describe(heldUp.name, { skip: whyNoHosts() ?? false, timeout: TIMEOUT_MS }, () => {
  let cluster: HostCluster;
  before(async () => {
    cluster = await HostCluster.start({ controllers: 3, workers: 3 });
  });
  after(() => cluster?.stop());

  const afresh = () => cluster.kubectl('delete', 'plan', 'autopilot', '--ignore-not-found');

  const rows = titled(heldUp, {
    async notATarget() {
      await afresh();
      const down = cluster.host('c3');
      await using run = await Recording.start(cluster, 'autopilot');
      for (const service of ['agent', 'k0s'] as const) await down.tell(service, 'stop');
      try {
        const targets = { name: 'autopilot', controllers: ['c2'], workers: [] };
        await cluster.apply(await planOf(cluster, { version: NEW_VERSION }, targets));
        await run.until(
          'c2 to have staged, and to be held back',
          ({ plan, hosts }) =>
            plan?.status?.state === 'Schedulable' &&
            hosts.some(({ name, signal }) => name === 'c2' && signal?.phase === 'Staged'),
        );
        await delay(LOOKS_ON_MS);
        assert.equal(run.plan.status?.state, 'Schedulable');
        assert.deepEqual(run.goals('c2'), ['stage']);
        const waiting = conditionOf(run.plan, 'Waiting');
        assert.equal(waiting?.reason, 'ControllerNotReady');
        assert.match(waiting?.message ?? '', /controller c3: /);
      } finally {
        for (const service of ['k0s', 'agent'] as const) await down.tell(service, 'start');
      }
      const plan = await run.untilEnd(RUN_MS);
      assert.equal(plan.status?.state, 'Completed', whyOf(plan));
    },

    async concurrent() {
      await afresh();
      await using run = await Recording.start(cluster, 'autopilot');
      const together: number[] = [];
      run.onChange(({ hosts }) =>
        together.push(hosts.filter(({ phase }) => UNDER_WAY.has(phase ?? '')).length),
      );
      const targets = { name: 'autopilot', controllers: [], workers: WORKERS, concurrent: 2 };
      const forced = { forceupdate: true };
      await cluster.apply(
        await planOf(cluster, { version: NEW_VERSION }, { ...targets, ...forced }),
      );
      const plan = await run.untilEnd(RUN_MS);
      assert.equal(plan.status?.state, 'Completed', whyOf(plan));
      assert.equal(Math.max(...together), 2);
    },

    async sameId() {
      const before = await cluster.plan('autopilot');
      const pid = (await cluster.host('w1').service('k0s')).pid;
      const targets = { name: 'autopilot', controllers: [], workers: ['w1'], forceupdate: true };
      const made = await planOf(cluster, { version: NEW_VERSION }, targets);
      const again = { ...made, spec: { ...(made as { spec: object }).spec, id: 'again' } };
      await cluster.apply(again);
      const first = await cluster.waitForPlan(
        'autopilot',
        'to run with its new id',
        (one) =>
          hasEnded(one) && one.status?.observedGeneration !== before?.status?.observedGeneration,
        RUN_MS,
      );
      assert.equal(first.status?.state, 'Completed', whyOf(first));
      const pidAfter = (await cluster.host('w1').service('k0s')).pid;
      assert.notEqual(pidAfter, pid);
      await cluster.apply(again);
      await delay(LOOKS_ON_MS);
      const second = await cluster.plan('autopilot');
      assert.equal(second?.status?.runID, first.status?.runID);
      assert.equal((await cluster.host('w1').service('k0s')).pid, pidAfter);
    },

    async deletion() {
      await afresh();
      const before = (await cluster.host('w2').k0sStatus()).version;
      const version = before === NEW_VERSION ? OLD_VERSION : NEW_VERSION;
      await using run = await Recording.start(cluster, 'autopilot');
      const targets = { name: 'autopilot', controllers: [], workers: ['w2'] };
      await cluster.apply(await planOf(cluster, { version }, targets));
      await run.until('w2 to be on trial', ({ hosts }) =>
        hosts.some(({ name, signal }) => name === 'w2' && signal?.phase === 'OnTrial'),
      );
      await cluster.kubectl('delete', 'plan', 'autopilot');
      await eventually(
        'w2 to be as before',
        async () => {
          const text = await cluster.kubectl('get', 'node', 'w2', '-o', 'json');
          const { metadata, spec } = JSON.parse(text) as {
            metadata: { annotations: Record<string, string> };
            spec: { unschedulable?: boolean };
          };
          assert.equal(metadata.annotations[ANNOTATION.order], undefined);
          assert.notEqual(spec.unschedulable, true);
          assert.equal((await cluster.host('w2').k0sStatus()).version, before);
          return true;
        },
        { timeoutMs: RUN_MS, everyMs: 500 },
      );
    },

    async nodeLost() {
      await afresh();
      const versionBefore = (await cluster.host('w1').k0sStatus()).version;
      const version = versionBefore === NEW_VERSION ? OLD_VERSION : NEW_VERSION;
      await using run = await Recording.start(cluster, 'autopilot');
      const targets = { name: 'autopilot', controllers: [], workers: WORKERS };
      const policy = { download: { timeout: '40s' } };
      const made = (await planOf(cluster, { version }, { ...targets, forceupdate: true })) as {
        spec: object;
      };
      await cluster.host('w3').machine.powerCut();
      await cluster.apply({ ...made, spec: { ...made.spec, policy } });
      const plan = await run.untilEnd(RUN_MS);
      assert.equal(plan.status?.state, 'ApplyFailed', whyOf(plan));
      assert.match(conditionOf(plan, 'Failed')?.message ?? '', /\bw3\b/);
      assert.equal(targetNamed(plan, 'w3')?.state, 'SignalApplyFailed');
      for (const name of ['w1', 'w2']) {
        assert.match((await cluster.host(name).k0sStatus()).version, /^v1\.36\./);
      }
      const schedulable = await cluster.kubectl(
        ...['get', 'nodes', 'w1', 'w2', '-o', 'jsonpath={.items[*].spec.unschedulable}'],
      );
      assert.equal(schedulable, '');
    },
  });
  for (const [title, body] of rows) test(title, body);
});
