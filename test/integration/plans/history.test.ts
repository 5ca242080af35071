import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Transition } from '../../../src/api/history.ts';
import { UPDATE_RUNS } from '../../../src/kube/target-path.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { anOperator, type Operator } from '../../support/operator.ts';
import { aPlan, everything, hasEnded } from '../../support/plans.ts';
import { NEW_VERSION, OLD_VERSION } from '../../support/releases.ts';

let cluster: Cluster;
let offer: Offer;
let older: Offer;
let ann: Operator;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 2 });
  offer = await cluster.offer({ version: NEW_VERSION });
  older = await cluster.offer({ version: OLD_VERSION });
  ann = await anOperator(cluster, 'ann');
});
after(() => cluster?.stop());

interface ToldRun {
  readonly name: string;
  readonly plan: string;
  readonly runID: string;
  readonly state: string;
  readonly finishedAt?: string;
  readonly transitions: readonly Transition[];
}

const told = async (plan: string): Promise<ToldRun[]> =>
  JSON.parse(await ann.autopilot('history', plan, '-o', 'json'));

test('a run is told with time, cause and actor, over a change of the leader, and stays when its Plan is gone', async () => {
  await cluster.startOrchestrator();
  await cluster.apply(aPlan({ version: NEW_VERSION, offer, workers: everything }));
  await cluster.waitForPlan('autopilot', 'to have begun', (plan) => !!plan.status?.runID);
  const [begun] = (await eventually('the run to be told', () => told('autopilot'))) as ToldRun[];
  assert.equal(begun?.finishedAt, undefined);
  await ann.autopilot('pause', 'autopilot');
  await ann.autopilot('resume', 'autopilot');
  await cluster.orchestrators[0]?.kill();
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  assert.equal(ended.status?.state, 'Completed');
  await cluster.kubectl('delete', 'plan', 'autopilot');
  const run = (await eventually('the end to be told', async () => {
    const [one] = await told('autopilot');
    return one?.finishedAt !== undefined && one;
  })) as ToldRun;
  assert.equal(run.state, 'Completed');
  const steps = run.transitions.map(({ reason, by }) => `${reason} ${by.replace(/_.*/, '')}`);
  const [start] = run.transitions;
  assert.equal(start?.reason, 'Started');
  assert.match(start?.message ?? '', /; the spec was written with kubectl-client-side-apply at /);
  assert.ok(steps.includes('Paused ann') && steps.includes('Resumed ann'), steps.join());
  assert.match(steps.at(-1) ?? '', /^Completed /);
  assert.ok(steps.filter((step) => step.startsWith('Updated ')).length >= 2);
  const times = run.transitions.map(({ at }) => Date.parse(at));
  assert.deepEqual(times, times.toSorted());
  // Two leaders have told of it: the one that was killed, and the other one.
  assert.notEqual(run.transitions.at(-1)?.by, start?.by);
  const text = await ann.autopilot('history', 'autopilot');
  assert.match(text, /^PLAN +RUN +STARTED +TOOK +STATE +DONE +VERSIONS/);
  assert.match(text, /Paused: ann asked to pause: .* \[ann\]/);
});

test('the run of a Plan that is deleted while it is under way ends as such', async () => {
  await cluster.apply(
    aPlan({ version: OLD_VERSION, id: 'back', offer: older, workers: everything }),
  );
  await cluster.waitForPlan('autopilot', 'to have begun', (plan) => !!plan.status?.runID);
  await eventually('the run to be told', async () => (await told('autopilot')).length === 2);
  await cluster.kubectl('delete', 'plan', 'autopilot');
  await eventually('the run to end', async () => (await told('autopilot'))[0]?.state === 'Deleted');
});

test('no more than ten runs of one Plan are kept', async () => {
  const [one] = await told('autopilot');
  for (let n = 0; n < 12; n++) {
    const at = new Date(Date.UTC(2020, 0, 1 + n)).toISOString();
    const spec = {
      plan: 'autopilot',
      planUID: 'gone',
      runID: `gone-${n}`,
      generation: 1,
      versions: [],
    };
    await cluster.apply({
      apiVersion: UPDATE_RUNS.split('/').slice(2, 4).join('/'),
      kind: 'UpdateRun',
      metadata: { name: `autopilot-gone-${n}` },
      spec,
    });
    await cluster.kubectl(
      ...[
        'patch',
        'updaterun',
        `autopilot-gone-${n}`,
        '--subresource=status',
        '--type=merge',
        '-p',
      ],
      JSON.stringify({ status: { state: 'Completed', startedAt: at, finishedAt: at } }),
    );
  }
  const left = (await eventually('the oldest to be dropped', async () => {
    const runs = await told('autopilot');
    return runs.length <= 10 && runs;
  })) as ToldRun[];
  assert.equal(left[0]?.name, one?.name);
  assert.equal(left.at(-1)?.name, 'autopilot-gone-4');
});
