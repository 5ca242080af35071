import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobRecord } from '../../../src/api/plan.ts';
import type { GateSpec } from '../../../src/api/policy-gates.ts';
import type { HookSpec } from '../../../src/api/policy-hooks.ts';
import { type Passage, type Point, passage } from '../../../src/plans/checkpoint.ts';
import type { Action, JobFacts } from '../../../src/plans/facts.ts';
import { jobRecords } from '../../../src/plans/job-records.ts';
import { START_MS } from '../../support/builders.ts';
import { atPoint, committed, type PointScene } from '../../support/point-scene.ts';

const MINUTE = 60_000;
const JOB = { template: { spec: { containers: [{ name: 'main', image: 'shop/check:1' }] } } };
const OFF = { workloads: { mode: 'Off' as const } };
const hook = (name: string, ...when: HookSpec['when']): HookSpec => ({ name, when, job: JOB });
const BATCH_2: Point = { kind: 'BeforeBatch', batch: 2 };
const policy = { ...OFF, hooks: [hook('warm', 'BeforeBatch')] };
const running: JobFacts = { state: 'Running', message: '' };
const succeeded: JobFacts = { state: 'Succeeded', message: '' };
const failed: JobFacts = { state: 'Failed', message: 'BackoffLimitExceeded: it gave up' };

function ask(scene: PointScene, point: Point = BATCH_2): Passage {
  const { course, facts, command } = atPoint(scene);
  return passage(point, course, facts, command);
}
function jobsOf(passage: Passage): Extract<Action, { kind: 'job' }>[] {
  const actions = passage.kind === 'closed' ? passage.actions : [];
  return actions.map((action) => (action.kind === 'job' ? action : assert.fail(action.kind)));
}
/** The Job that a point begins. */
function begins(scene: PointScene, point?: Point) {
  return jobsOf(ask(scene, point))[0] ?? assert.fail('no Job');
}
function record(name: string, over: Partial<JobRecord> = {}): JobRecord {
  return { name, of: 'hook', startedAt: new Date(START_MS).toISOString(), ...over };
}

test('a hook begins its Job, and the run waits for it', () => {
  const found = ask({ policy });
  assert.equal(found.kind, 'closed');
  const { name, of } = begins({ policy });
  assert.match(name, /^autopilot-warm-[0-9a-f]{10}$/);
  assert.equal(of, 'hook warm at BeforeBatch/2');
  assert.equal('reason' in found && found.reason, 'WaitsForHook');
});

test('the name of a Job is the same for every leader, and another one for whatever is not the same', () => {
  const named = (scene: PointScene, point?: Point) => begins(scene, point).name;
  assert.equal(named({ policy }), named({ policy, afterMs: MINUTE }));
  const node = (name: string, orderId: string): Point => ({
    ...{ kind: 'BeforeNode', role: 'worker', name, orderId },
  });
  const nodes = { policy: { ...OFF, hooks: [hook('warm', 'BeforeNode')] } };
  const names = [
    named({ policy }),
    named({ policy }, { kind: 'BeforeBatch', batch: 3 }),
    named({ policy: { ...OFF, hooks: [hook('warmer', 'BeforeBatch')] } }),
    named(nodes, node('w-1', 'r.0.1')),
    named(nodes, node('w-1', 'r.0.2')),
    named(nodes, node('w-2', 'r.0.1')),
  ];
  assert.equal(new Set(names).size, names.length);
  const longest = { ...OFF, hooks: [hook('a'.repeat(40), 'BeforeBatch')] };
  assert.ok(named({ policy: longest }).length <= 63);
});

test('a Job that runs is waited for, with a deadline', () => {
  const { name } = begins({ policy });
  const command = { jobs: [record(name)] };
  assert.deepEqual(ask({ policy, command, jobs: { [name]: running } }), {
    kind: 'closed',
    reason: 'WaitsForHook',
    message: `hook warm at BeforeBatch/2 runs: Job k0s-autopilot/${name}`,
    untilMs: START_MS + 10 * MINUTE + 30_000,
    actions: [],
  });
});

test('a Job that succeeded opens the point, also once its object is gone', () => {
  const { name } = begins({ policy });
  assert.equal(ask({ policy, jobs: { [name]: succeeded } }).kind, 'open');
  const command = { jobs: [record(name, { result: 'Succeeded' })] };
  assert.equal(ask({ policy, command }).kind, 'open');
});

test('a Job that failed fails the point, also once its object is gone', () => {
  const { name } = begins({ policy });
  const expected = {
    kind: 'failed',
    reason: 'HookFailed',
    message: `hook warm at BeforeBatch/2 failed: BackoffLimitExceeded: it gave up (Job k0s-autopilot/${name})`,
  };
  assert.deepEqual(ask({ policy, jobs: { [name]: failed } }), expected);
  const command = { jobs: [record(name, { result: 'Failed', message: failed.message })] };
  assert.deepEqual(ask({ policy, command }), expected);
});

test('a Job that somebody deleted is begun again, and all of it has one deadline', () => {
  const { name } = begins({ policy });
  const command = { jobs: [record(name)] };
  const gone = ask({ policy, command, afterMs: MINUTE });
  assert.deepEqual(
    jobsOf(gone).map((job) => job.name),
    [name],
  );
  assert.equal('untilMs' in gone && gone.untilMs, START_MS + 10 * MINUTE + 30_000);
  const late = ask({ policy, command, afterMs: 11 * MINUTE });
  assert.match(JSON.stringify(late), /HookFailed.*did not end within 600s/);
});

test('a Job is not overdue for want of somebody who looks', () => {
  const { name } = begins({ policy });
  const command = { jobs: [record(name)] };
  const scene = { policy, command, jobs: { [name]: running }, afterMs: 11 * MINUTE };
  assert.equal(ask(scene).kind, 'failed');
  assert.equal(ask({ ...scene, sightedSinceMs: START_MS + 10 * MINUTE }).kind, 'closed');
});

test('hooks of one point run in turn, and only at their points', () => {
  const both = {
    ...OFF,
    hooks: [hook('one', 'BeforeBatch'), hook('two', 'BeforeBatch', 'AfterRun')],
  };
  const first = begins({ policy: both });
  assert.match(first.name, /-one-/);
  const second = begins({ policy: both, jobs: { [first.name]: succeeded } });
  assert.match(second.name, /-two-/);
  assert.equal(begins({ policy: both }, { kind: 'AfterRun' }).of, 'hook two at AfterRun');
  assert.equal(ask({ policy: both }, { kind: 'BeforeWorkers' }).kind, 'open');
});

test('hooks before a batch are not run before a person has looked', () => {
  const asked = { ...policy, approvals: ['BeforeEachBatch' as const] };
  assert.deepEqual(jobsOf(ask({ policy: asked })), []);
  const at = new Date(START_MS).toISOString();
  const command = { approvals: [{ of: 'Batch/2', by: 'ann', at }] };
  assert.equal(jobsOf(ask({ policy: asked, command })).length, 1);
});

test('a hook before the run is not run again once a node was touched', () => {
  const before = { ...OFF, hooks: [hook('warm', 'BeforeRun')] };
  assert.equal(ask({ policy: before }, { kind: 'BeforeRun' }).kind, 'closed');
  const told = { 'cp-1': committed() };
  assert.equal(ask({ policy: before, told }, { kind: 'BeforeRun' }).kind, 'open');
});

test('a Job is told of the run, and gets the safe defaults', () => {
  const told = { 'w-2': { batch: 3 } };
  const nodes = { ...OFF, hooks: [hook('warm', 'BeforeNode')] };
  const point: Point = { kind: 'BeforeNode', role: 'worker', orderId: 'r.0.1', name: 'w-2' };
  const { manifest, name } = begins({ policy: nodes, told }, point);
  const labels = {
    'app.kubernetes.io/managed-by': 'autopilot',
    'autopilot.k0sproject.io/plan': 'autopilot',
    'autopilot.k0sproject.io/run': '01234567-1',
    'autopilot.k0sproject.io/hook': 'warm',
  };
  assert.deepEqual(manifest, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: 'k0s-autopilot',
      labels,
      annotations: { 'autopilot.k0sproject.io/point': 'BeforeNode/w-2' },
    },
    spec: {
      backoffLimit: 0,
      ttlSecondsAfterFinished: 86_400,
      activeDeadlineSeconds: 600,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          containers: [
            {
              name: 'main',
              image: 'shop/check:1',
              env: [
                { name: 'AUTOPILOT_PLAN', value: 'autopilot' },
                { name: 'AUTOPILOT_RUN', value: '01234567-1' },
                { name: 'AUTOPILOT_POINT', value: 'BeforeNode' },
                { name: 'AUTOPILOT_NODE', value: 'w-2' },
                { name: 'AUTOPILOT_BATCH', value: '3' },
                { name: 'AUTOPILOT_VERSION', value: 'v1.36.3+k0s.0' },
              ],
            },
          ],
        },
      },
    },
  });
});

test('what a policy says of its Job stays, but for its time and what it is told', () => {
  const job = {
    ...{ backoffLimit: 2, ttlSecondsAfterFinished: 60, activeDeadlineSeconds: 30, suspend: false },
    template: {
      metadata: { labels: { team: 'shop' } },
      spec: {
        restartPolicy: 'OnFailure',
        serviceAccountName: 'checker',
        initContainers: [{ name: 'first' }],
        containers: [
          { name: 'main', env: [{ name: 'AUTOPILOT_NODE', value: 'x' }, { name: 'A' }] },
        ],
      },
    },
  };
  const given = { ...OFF, hooks: [{ ...hook('warm', 'BeforeBatch'), job, timeout: '2m' }] };
  const spec = begins({ policy: given }).manifest.spec as typeof job;
  const { backoffLimit, ttlSecondsAfterFinished, activeDeadlineSeconds, suspend, template } = spec;
  assert.deepEqual([backoffLimit, ttlSecondsAfterFinished, suspend], [2, 60, false]);
  assert.equal(activeDeadlineSeconds, 30);
  assert.equal(template.spec.restartPolicy, 'OnFailure');
  assert.ok(!('automountServiceAccountToken' in template.spec));
  assert.equal(template.metadata.labels.team, 'shop');
  const [main] = template.spec.containers;
  assert.deepEqual(
    main?.env.filter(({ name }) => ['AUTOPILOT_NODE', 'A'].includes(name)),
    [{ name: 'A' }, { name: 'AUTOPILOT_NODE', value: '' }],
  );
  assert.ok('env' in (template.spec.initContainers[0] ?? {}));
});

test('a Job of any shape is passed on for the API server to judge', () => {
  for (const job of [{}, { template: 1 }, { template: { spec: { containers: ['x', null] } } }]) {
    const odd = { ...OFF, hooks: [{ ...hook('warm', 'BeforeBatch'), job }] };
    assert.equal(begins({ policy: odd }).manifest.kind, 'Job');
  }
});

test('a Plan with a long name still has a label', () => {
  const { course, facts, command } = atPoint({ policy });
  const named = { ...course, plan: { ...course.plan, name: 'p'.repeat(200) } };
  const [job] = jobsOf(passage(BATCH_2, named, facts, command));
  const { labels } = job!.manifest.metadata as { labels: Record<string, string> };
  assert.equal(labels['autopilot.k0sproject.io/plan']?.length, 63);
});

const gate: GateSpec = { name: 'smoke', job: JOB, interval: '20s', timeout: '1m' };
const AFTER: Point = { kind: 'AfterBatch', batch: 1, settledAtMs: START_MS };

test('a gate that is a Job is tried again after its interval, up to its threshold', () => {
  const gates = { ...OFF, gates: [gate] };
  const one = begins({ policy: gates }, AFTER);
  assert.equal(one.of, 'gate smoke at AfterBatch/1');
  assert.equal((one.manifest.spec as { activeDeadlineSeconds: number }).activeDeadlineSeconds, 60);
  const ended = (name: string) =>
    record(name, { result: 'Failed', endedAt: new Date(START_MS).toISOString(), message: 'no' });
  const early = ask({ policy: gates, command: { jobs: [ended(one.name)] } }, AFTER);
  assert.deepEqual(early, {
    kind: 'closed',
    reason: 'WaitsForGate',
    message: `gate smoke at AfterBatch/1 failed (1 of 3): no (Job k0s-autopilot/${one.name})`,
    untilMs: START_MS + 20_000,
    actions: [],
  });
  const later = { policy: gates, afterMs: 20_000 };
  const two = begins({ ...later, command: { jobs: [ended(one.name)] } }, AFTER);
  assert.notEqual(two.name, one.name);
  const jobs = [ended(one.name), ended(two.name)];
  const three = begins({ ...later, command: { jobs } }, AFTER);
  const last = ask({ ...later, command: { jobs: [...jobs, ended(three.name)] } }, AFTER);
  assert.deepEqual(last, {
    kind: 'failed',
    reason: 'GateFailed',
    message: `gate smoke at AfterBatch/1 failed 3 times: no (Job k0s-autopilot/${three.name})`,
  });
  assert.equal(
    ask({ ...later, command: { jobs }, jobs: { [three.name]: succeeded } }, AFTER).kind,
    'open',
  );
});

test('what is begun is written down with its time, and what it ended with once', () => {
  const { facts, command } = atPoint({ policy });
  const job = begins({ policy });
  const begun = jobRecords(command, [job], facts);
  const at = new Date(START_MS).toISOString();
  assert.deepEqual(begun, [{ name: job.name, of: job.of, startedAt: at }]);
  const later = atPoint({ policy, afterMs: MINUTE, jobs: { [job.name]: failed } }).facts;
  const ended = jobRecords({ ...command, jobs: begun }, [job], later);
  const endedAt = new Date(START_MS + MINUTE).toISOString();
  assert.deepEqual(ended, [{ ...begun[0], endedAt, result: 'Failed', message: failed.message }]);
  const after = atPoint({ policy, afterMs: 2 * MINUTE, jobs: { [job.name]: succeeded } }).facts;
  assert.deepEqual(jobRecords({ ...command, jobs: ended }, [], after), ended);
  const long = { state: 'Failed' as const, message: 'x'.repeat(5_000) };
  const clipped = atPoint({ policy, jobs: { [job.name]: long } }).facts;
  assert.equal(jobRecords({ ...command, jobs: begun }, [], clipped)[0]?.message?.length, 1_000);
});
