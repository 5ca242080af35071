import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { ha3x3, selector } from '../conformance/catalogue/three-and-three.ts';
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
import { eventually } from '../support/eventually.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import type { InstalledHost } from '../support/hosts/installed-host.ts';
import { planManifest, thisPlatform } from '../support/manifests.ts';
import { NEW_VERSION, OLD_VERSION, PREVIOUS_MINOR } from '../support/releases.ts';

const CONTROLLERS = ['c1', 'c2', 'c3'];
const WORKERS = ['w1', 'w2', 'w3'];
const LATER = 'v1.36.5+k0s.0';
const TIMEOUT_MS = 30 * 60_000;
const RUN_MS = 6 * 60_000;
const UNDER_WAY = new Set(['Draining', 'Applying', 'OnTrial', 'Committing', 'Undoing']);

describe('three controllers and three workers', {
  skip: whyNoHosts() ?? false,
  timeout: TIMEOUT_MS,
}, () => {
  let cluster: HostCluster;
  before(async () => {
    cluster = await HostCluster.start({
      controllers: 3,
      workers: 3,
      release: { version: PREVIOUS_MINOR },
    });
  });
  after(() => cluster?.stop());

  const everywhere = { name: 'autopilot', controllers: CONTROLLERS, workers: WORKERS };
  const afresh = () => cluster.kubectl('delete', 'plan', 'autopilot', '--ignore-not-found');

  describe(ha3x3.name, () => {
    let fromMinor: Recording;
    let run: Recording;
    let versionsBetween: readonly string[];
    let filesBefore: readonly string[];
    /** Names of targets under way, whenever that changed. */
    const together: (readonly string[])[] = [];
    before(async () => {
      const minor = await planOf(cluster, { version: OLD_VERSION }, everywhere);
      fromMinor = await recordRun(cluster, 'autopilot', minor, RUN_MS);
      versionsBetween = await versionsOf(cluster);
      filesBefore = await filesOf(cluster);
      await afresh();
      const patch = await planOf(cluster, { version: NEW_VERSION }, everywhere);
      await using watched = await Recording.start(cluster, 'autopilot');
      watched.onChange(({ hosts }) =>
        together.push(
          hosts.filter(({ phase }) => UNDER_WAY.has(phase ?? '')).map(({ name }) => name),
        ),
      );
      await cluster.apply(patch);
      await watched.untilEnd(RUN_MS);
      run = watched;
    });

    const rows = titled(ha3x3, {
      previousMinor() {
        assert.equal(fromMinor.plan.status?.state, 'Completed', whyOf(fromMinor.plan));
        assert.deepEqual([...new Set(versionsBetween)], [OLD_VERSION]);
      },
      completes: () => assert.equal(run.plan.status?.state, 'Completed', whyOf(run.plan)),
      targets() {
        assert.deepEqual(statesOf(run.plan, 'controllers'), completed(CONTROLLERS));
        assert.deepEqual(statesOf(run.plan, 'workers'), completed(WORKERS));
      },
      async versions() {
        assert.deepEqual([...new Set(await versionsOf(cluster))], [NEW_VERSION]);
        const path = '{range .items[*]}{.status.nodeInfo.kubeletVersion}{"\\n"}{end}';
        const kubelets = await cluster.kubectl('get', 'nodes', '-o', `jsonpath=${path}`);
        // k0s builds its kubelet without the number behind +k0s
        const [withoutBuild] = NEW_VERSION.split(/(?<=\+k0s)\./);
        assert.deepEqual([...new Set(kubelets.trim().split('\n'))], [withoutBuild]);
        const own = '{range .items[*]}{.status.k0sVersion}{"\\n"}{end}';
        await eventually('the ControlNodes to say it', async () => {
          const told = await cluster.kubectl('get', 'controlnodes', '-o', `jsonpath=${own}`);
          assert.deepEqual([...new Set(told.trim().split('\n'))], [NEW_VERSION]);
          return true;
        });
      },
      states() {
        const allowed = ['SchedulableWait', 'Schedulable', 'Completed'];
        for (const seen of [fromMinor.planStates, run.planStates]) {
          assert.deepEqual(
            seen.filter((state) => !allowed.includes(state)),
            [],
          );
        }
      },
      async iptables() {
        const now = await filesOf(cluster);
        const changed = now.filter((line) => !filesBefore.includes(line));
        const names = changed.map((line) => line.split(' ')[1]);
        assert.deepEqual(
          [...new Set(names)].filter((name) => !/^\/usr\/local\/bin\/(k0s|\.k0s\..*)$/.test(name!)),
          [],
        );
        assert.ok(names.includes('/usr/local/bin/k0s'), 'the comparison sees what has changed');
      },
      async leases() {
        const path = '{range .items[*]}{.metadata.name}={.spec.holderIdentity}{"\\n"}{end}';
        const leases = await cluster.kubectl(
          ...['get', 'leases', '-n', 'kube-node-lease', '-o', `jsonpath=${path}`],
        );
        assert.deepEqual(
          leases.trim().split('\n').sort(),
          WORKERS.map((name) => `${name}=${name}`),
        );
      },
      async stale() {
        for (const host of cluster.hosts) assert.deepEqual(await oldProcesses(host), [], host.name);
      },
      order() {
        const applied = (names: readonly string[]) =>
          names.map((name) => run.orders.get(name)!.find(({ goal }) => goal === 'apply')!.atMs);
        assert.ok(Math.max(...applied(CONTROLLERS)) < Math.min(...applied(WORKERS)));
        const controllersTogether = together.map((names) =>
          names.filter((name) => CONTROLLERS.includes(name)),
        );
        assert.equal(Math.max(...controllersTogether.map(({ length }) => length)), 1);
        const mixed = together.filter(
          (names) =>
            names.some((n) => CONTROLLERS.includes(n)) && names.some((n) => WORKERS.includes(n)),
        );
        assert.deepEqual(mixed, []);
      },
    });
    for (const [title, body] of rows) test(title, body);
  });

  describe(selector.name, () => {
    let run: Recording;
    before(async () => {
      await afresh();
      await cluster.kubectl('label', 'controlnodes', 'c1', 'c2', 'pick=yes');
      await cluster.kubectl('label', 'nodes', 'w1', 'w2', 'pick=yes');
      const both = (name: string) => ({
        discovery: { selector: { labels: 'pick=yes', fields: `metadata.name=${name}` } },
      });
      const platforms = { [thisPlatform()]: await cluster.offer({ version: LATER }) };
      const k0supdate = {
        version: LATER,
        platforms,
        targets: { controllers: both('c1'), workers: both('w2') },
      };
      const plan = planManifest({ name: 'autopilot', version: LATER, platforms });
      const spec = { id: 'selected', timestamp: 'now', commands: [{ k0supdate }] };
      run = await recordRun(cluster, 'autopilot', { ...plan, spec }, RUN_MS);
    });

    const rows = titled(selector, {
      completes: () => assert.equal(run.plan.status?.state, 'Completed', whyOf(run.plan)),
      controllers: () => assert.deepEqual(statesOf(run.plan, 'controllers'), completed(['c1'])),
      workers: () => assert.deepEqual(statesOf(run.plan, 'workers'), completed(['w2'])),
      async others() {
        for (const host of cluster.hosts) {
          const picked = host.name === 'c1' || host.name === 'w2';
          assert.equal((await host.k0sStatus()).version, picked ? LATER : NEW_VERSION, host.name);
          assert.equal(run.goals(host.name).length > 0, picked, host.name);
        }
      },
    });
    for (const [title, body] of rows) test(title, body);
  });
});

/** One line for each file: host, path, length, when it was written. */
async function filesOf(cluster: HostCluster): Promise<string[]> {
  const lists = await Promise.all(
    cluster.hosts.map(async ({ name, machine }) => {
      const argv = ['find', '/etc', '/usr/local', '-type', 'f', '-printf', '%p %s %T@\\n'];
      const lines = (await machine.must(argv)).trim().split('\n');
      return lines.map((line) => `${name} ${line}`);
    }),
  );
  return lists.flat();
}

/** Processes whose program is a k0s that does not lie there any more. */
async function oldProcesses({ machine }: InstalledHost): Promise<string[]> {
  const script = 'for p in /proc/[0-9]*; do readlink "$p"/exe; done 2>/dev/null; true';
  const programs = (await machine.must(['sh', '-c', script])).split('\n');
  assert.ok(programs.includes('/usr/local/bin/k0s'), 'the list shows the present one');
  return programs.filter((path) => /\/\.?k0s/.test(path) && path !== '/usr/local/bin/k0s');
}
