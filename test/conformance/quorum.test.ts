import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import {
  completed,
  planOf,
  recordRun,
  statesOf,
  whyOf,
} from '../support/conformance/record-run.ts';
import { Recording } from '../support/conformance/recording.ts';
import { titled } from '../support/conformance/titled.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { NEW_VERSION, OLD_VERSION } from '../support/releases.ts';
import { quorum, quorumSafety } from './catalogue/quorum.ts';

const CONTROLLERS = ['c1', 'c2', 'c3'];
const TIMEOUT_MS = 10 * 60_000;
/** How long k0s's own suite looks on. */
const LOOKS_ON_MS = 10_000;

describe('three controllers', { skip: whyNoHosts() ?? false, timeout: TIMEOUT_MS }, () => {
  let cluster: HostCluster;
  before(async () => {
    cluster = await HostCluster.start({ controllers: 3, workers: 0 });
  });
  after(() => cluster?.stop());

  const services = () => Promise.all(CONTROLLERS.map((name) => cluster.host(name).service('k0s')));

  describe(quorum.name, () => {
    let run: Recording;
    let servicesBefore: Awaited<ReturnType<typeof services>>;
    before(async () => {
      servicesBefore = await services();
      // the very binary that runs, as a version that nothing has: only force lets it be
      const forced = { version: 'v0.0.0', forceupdate: true };
      const targets = { name: 'autopilot', controllers: CONTROLLERS, workers: [] };
      const plan = await planOf(cluster, { version: OLD_VERSION }, { ...targets, ...forced });
      run = await recordRun(cluster, 'autopilot', plan);
    });

    const rows = titled(quorum, {
      completes: () => assert.equal(run.plan.status?.state, 'Completed', whyOf(run.plan)),
      controllers: () =>
        assert.deepEqual(statesOf(run.plan, 'controllers'), completed(CONTROLLERS)),
      workers: () => assert.deepEqual(statesOf(run.plan, 'workers'), []),
      async hosts() {
        for (const [i, { pid, restarts }] of (await services()).entries()) {
          assert.notEqual(pid, servicesBefore[i]?.pid, `${CONTROLLERS[i]} was restarted`);
          assert.equal(restarts, 0, `${CONTROLLERS[i]} has not ended by itself`);
        }
        assert.deepEqual([...cluster.loadBalancer.ready()].sort(), CONTROLLERS);
      },
    });
    for (const [title, body] of rows) test(title, body);
  });

  describe(quorumSafety.name, () => {
    let run: Recording;
    let pids: { readonly before: (number | null)[]; readonly whileDown: (number | null)[] };
    /** Of the moment before it comes back. */
    let whileDown: {
      readonly state: string | undefined;
      readonly waitsFor: string | undefined;
      readonly states: readonly string[];
      readonly goals: readonly string[];
    };
    before(async () => {
      const down = cluster.host('c2');
      for (const service of ['agent', 'k0s'] as const) await down.tell(service, 'stop');
      const pidsOf = async () => (await services()).map(({ pid }) => pid);
      const before = await pidsOf();
      await cluster.kubectl('delete', 'plan', 'autopilot');
      run = await Recording.start(cluster, 'autopilot');
      const targets = { name: 'autopilot', controllers: CONTROLLERS, workers: [] };
      await cluster.apply(await planOf(cluster, { version: NEW_VERSION }, targets));
      await run.until(
        'both others to have staged',
        ({ hosts }) => hosts.filter(({ signal }) => signal?.phase === 'Staged').length === 2,
      );
      // Nothing is waited for here: it is what must not happen that is looked for.
      await delay(LOOKS_ON_MS);
      pids = { before, whileDown: await pidsOf() };
      whileDown = {
        state: run.plan.status?.state,
        waitsFor: run.plan.status?.waitsFor,
        states: [...run.planStates],
        goals: CONTROLLERS.flatMap((name) => run.goals(name)),
      };
      for (const service of ['k0s', 'agent'] as const) await down.tell(service, 'start');
      await run.untilEnd();
    });
    after(() => run?.[Symbol.asyncDispose]());

    const rows = titled(quorumSafety, {
      noSignal() {
        assert.deepEqual([...new Set(whileDown.goals)], ['stage']);
        assert.deepEqual(pids.whileDown, pids.before);
      },
      state() {
        assert.equal(whileDown.state, 'SchedulableWait');
        assert.match(whileDown.waitsFor ?? '', /\bc2\b/);
      },
      noOther() {
        const allowed = ['SchedulableWait', 'Schedulable'];
        assert.deepEqual(
          whileDown.states.filter((state) => !allowed.includes(state)),
          [],
        );
        assert.deepEqual(
          run.planStates.filter((state) => ![...allowed, 'Completed'].includes(state)),
          [],
        );
      },
      completes() {
        assert.equal(run.plan.status?.state, 'Completed', whyOf(run.plan));
        assert.deepEqual(statesOf(run.plan, 'controllers'), completed(CONTROLLERS));
      },
    });
    for (const [title, body] of rows) test(title, body);
  });
});
