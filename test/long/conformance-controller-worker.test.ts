import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { TargetPhase } from '../../src/api/plan.ts';
import { CONTENT_TYPE } from '../../src/kube/client.ts';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { controllerWorker } from '../conformance/catalogue/controller-worker.ts';
import {
  completed,
  planOf,
  recordRun,
  statesOf,
  versionsOf,
  whyOf,
} from '../support/conformance/record-run.ts';
import { Recording } from '../support/conformance/recording.ts';
import { titled } from '../support/conformance/titled.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { NEW_VERSION, OLD_VERSION, PREVIOUS_MINOR } from '../support/releases.ts';

const HOSTS = ['c1', 'c2', 'c3'];
const TIMEOUT_MS = 15 * 60_000;
const RUN_MS = 8 * 60_000;
const BLOCKED_MS = 30_000;
const STORM_EVERY_MS = 1_000;
const FORWARD: readonly TargetPhase[] = [
  'Pending',
  'Downloading',
  'Staged',
  'Draining',
  'Applying',
  'OnTrial',
  'Committing',
  'Committed',
];
const TOUCHED = new Set<string>(['Applying', 'OnTrial', 'Committing', 'Committed']);
const UNDER_WAY = new Set<string>(['Draining', 'Applying', 'OnTrial', 'Committing']);

describe(controllerWorker.name, { skip: whyNoHosts() ?? false, timeout: TIMEOUT_MS }, () => {
  let cluster: HostCluster;
  let fromMinor: Recording;
  let versionsBetween: readonly string[];
  let run: Recording;
  let reachedWhileBlocked: readonly string[];
  let storms = 0;
  const together: number[] = [];
  before(async () => {
    cluster = await HostCluster.start({
      controllers: 3,
      workers: 0,
      hybrids: 'all',
      release: { version: PREVIOUS_MINOR },
      k0sArguments: () => ['--no-taints'],
    });
    const minor = await planOf(cluster, { version: OLD_VERSION }, { name: 'autopilot' });
    fromMinor = await recordRun(cluster, 'autopilot', minor, RUN_MS);
    versionsBetween = await versionsOf(cluster);
    await cluster.kubectl('delete', 'plan', 'autopilot');
    await cluster.apply(blockedWorkload());
    await cluster.kubectl('wait', '--for=condition=Available', '--timeout=90s', 'deploy/blocked');
    const over = new AbortController();
    const storm = stormUntil(over.signal, cluster, () => storms++);
    run = await Recording.start(cluster, 'autopilot');
    run.onChange(({ hosts }) => {
      const names = hosts.filter(({ phase }) => UNDER_WAY.has(phase ?? '')).map(({ name }) => name);
      together.push(new Set(names).size);
    });
    try {
      const plan = await planOf(cluster, { version: NEW_VERSION }, { name: 'autopilot' });
      await cluster.apply(plan);
      await run.until('a drain to be blocked', ({ hosts }) =>
        hosts.some(({ phase }) => phase === 'Draining'),
      );
      await delay(BLOCKED_MS);
      reachedWhileBlocked = [...run.targets.values()].flatMap(({ phases }) => phases);
      await cluster.kubectl('delete', 'pdb', 'blocked');
      await run.untilEnd(RUN_MS);
    } finally {
      over.abort();
      await storm;
    }
  });
  after(async () => {
    await run?.[Symbol.asyncDispose]();
    await cluster?.stop();
  });

  const { label: _, ...ownRows } = controllerWorker.rows;
  const rows = titled(
    { ...controllerWorker, rows: ownRows },
    {
      previousMinor() {
        assert.equal(fromMinor.plan.status?.state, 'Completed', whyOf(fromMinor.plan));
        assert.deepEqual([...new Set(versionsBetween)], [OLD_VERSION]);
      },
      completes() {
        assert.equal(run.plan.status?.state, 'Completed', whyOf(run.plan));
        assert.deepEqual(statesOf(run.plan, 'controllers'), completed(HOSTS));
        assert.ok(storms > BLOCKED_MS / STORM_EVERY_MS / 2, `${storms} annotations were written`);
      },
      phases() {
        for (const [name, { phases }] of run.targets) {
          const places = phases.map((phase) => FORWARD.indexOf(phase));
          assert.deepEqual(places, [...new Set(places)].sort(), `${name}: ${phases.join(', ')}`);
          assert.ok(
            places.every((place) => place >= 0),
            `${name}: ${phases.join(', ')}`,
          );
          assert.equal(phases.at(-1), 'Committed', name);
        }
      },
      timestamps() {
        for (const [name, { stamps }] of run.targets) {
          assert.deepEqual(
            stamps,
            stamps.toSorted((a, b) => a - b),
            name,
          );
        }
      },
      blocked() {
        assert.ok(reachedWhileBlocked.includes('Draining'));
        assert.deepEqual(
          reachedWhileBlocked.filter((phase) => TOUCHED.has(phase)),
          [],
        );
      },
      async kubelets() {
        const path = '{range .items[*]}{.status.nodeInfo.kubeletVersion}{"\\n"}{end}';
        const kubelets = await cluster.kubectl('get', 'nodes', '-o', `jsonpath=${path}`);
        const [withoutBuild] = NEW_VERSION.split(/(?<=\+k0s)\./);
        assert.deepEqual(
          kubelets.trim().split('\n'),
          HOSTS.map(() => withoutBuild),
        );
      },
      once() {
        assert.deepEqual(statesOf(run.plan, 'workers'), []);
        for (const name of HOSTS) {
          const ids = new Set(run.orders.get(name)?.map(({ id }) => id));
          assert.equal(ids.size, 1, `${name}: ${[...ids].join(', ')}`);
        }
      },
      quorum: () => assert.equal(Math.max(...together), 1),
      async cordons() {
        const cordoned = await cluster.kubectl(
          ...['get', 'nodes', '-o', 'jsonpath={.items[*].spec.unschedulable}'],
        );
        assert.equal(cordoned, '');
      },
    },
  );
  for (const [title, body] of rows) test(title, body);
});

/** Pods on every node, of which the budget lets none go. */
function blockedWorkload(): string {
  const matchLabels = { app: 'blocked' };
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels },
  };
  const template = {
    metadata: { labels: matchLabels },
    spec: {
      terminationGracePeriodSeconds: 1,
      topologySpreadConstraints: [spread],
      containers: [{ name: 'blocked', image: 'registry.example/blocked:1' }],
    },
  };
  const metadata = { name: 'blocked', namespace: 'default' };
  const selector = { matchLabels };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: HOSTS.length, selector, template },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { maxUnavailable: 0, selector },
    },
  ]
    .map((manifest) => JSON.stringify(manifest))
    .join('\n---\n');
}

/** Somebody who writes on all objects of the hosts, so that whoever watches them is told without end. */
async function stormUntil(
  over: AbortSignal,
  { kube }: HostCluster,
  onWritten: () => void,
): Promise<void> {
  const paths = HOSTS.flatMap((name) => [
    `/api/v1/nodes/${name}`,
    `/apis/autopilot.k0sproject.io/v1beta2/controlnodes/${name}`,
  ]);
  for (let round = 0; !over.aborted; round++) {
    const body = { metadata: { annotations: { 'example.com/storm': `${round}` } } };
    await Promise.all(
      paths.map((path) =>
        kube
          .request('PATCH', path, { body, contentType: CONTENT_TYPE.mergePatch })
          .then(onWritten)
          // an API server that restarts is what this Plan is about
          .catch(() => {}),
      ),
    );
    await delay(STORM_EVERY_MS);
  }
}
