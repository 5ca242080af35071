import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { type Finished, tryRun } from '../../support/cluster/run.ts';
import { aPlan, everything, hasEnded, only, targetNamed } from '../../support/plans.ts';
import { NEW_VERSION } from '../../support/releases.ts';

const main = join(import.meta.dirname, '../../../src/main.ts');

let cluster: Cluster;
let offer: Offer;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 3 });
  offer = await cluster.offer({ version: NEW_VERSION });
});
after(() => cluster?.stop());

function autopilot(args: readonly string[], kubeconfig = cluster.kubeconfig): Promise<Finished> {
  return tryRun(process.execPath, [main, ...args, '--kubeconfig', kubeconfig]);
}

async function fileOf(plan: object): Promise<string> {
  const path = join(cluster.folder, 'plan.yaml');
  await writeFile(path, JSON.stringify(plan));
  return path;
}

interface Reported {
  readonly outcome: string;
  readonly commands: readonly {
    readonly steps: readonly { readonly names: readonly string[] }[];
  }[];
}

/** Downloads one by one: of several at once, who is ready first is begun first. */
const whole = () => {
  const plan = aPlan({ version: NEW_VERSION, offer, controllers: everything, workers: everything });
  return { ...plan, spec: { ...plan.spec, policy: { download: { concurrent: 1 } } } };
};

test('a Plan that would be refused: exit 1, every reason with its fix, and nothing is stored', async () => {
  const plan = aPlan({ version: NEW_VERSION, offer, workers: only('w1', 'gone') });
  const { code, stdout } = await autopilot(['preview', '-f', await fileOf(plan)]);
  assert.equal(code, 1);
  assert.match(stdout, /^Plan autopilot would be refused; nothing would be touched:/);
  assert.match(stdout, /NodeMissing: Node gone does not exist\n +Mend the name/);
  assert.ok(!stdout.includes('\x1b'), 'colours are for terminals');
  assert.equal(await cluster.plan('autopilot'), undefined);
});

test('a run follows its preview', async () => {
  const file = await fileOf(whole());
  const text = await autopilot(['preview', '-f', file]);
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /^Plan autopilot may run\. If nothing fails, this is its course:/);
  assert.match(text.stdout, /k0s backup first, on c1/);
  assert.match(text.stdout, /takes about .*\nassumed, not measured: download 1m, /);
  const json = await autopilot(['preview', '-f', file, '-o', 'json']);
  const { outcome, commands } = JSON.parse(json.stdout) as Reported;
  assert.equal(outcome, 'completes');
  const expected = commands[0]?.steps.flatMap(({ names }) => names) ?? [];
  assert.equal(expected.length, 4);

  await cluster.apply(whole());
  const plan = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  assert.equal(plan.status?.state, 'Completed');
  // One at a time: who was done first was begun first.
  const doneAt = (name: string) => targetNamed(plan, name)?.lastUpdatedTimestamp ?? '';
  const executed = expected.toSorted((a, b) => doneAt(a).localeCompare(doneAt(b)));
  assert.deepEqual(executed, expected);
});

test('of a stored Plan: that it has ended, and that there is nothing to do', async () => {
  const { code, stdout } = await autopilot(['preview', 'autopilot']);
  assert.equal(code, 0);
  assert.match(stdout, /Plan autopilot has ended \(Completed\)/);
  assert.match(stdout, /nothing to do/);
});

test('explain: a Plan that is done, one that was refused, and one that waits', async () => {
  const done = await autopilot(['explain', 'autopilot']);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /^Plan autopilot is done: 4\/4 targets run v1\.36\.3/);

  const gone = aPlan({ name: 'gone', version: NEW_VERSION, offer, workers: only('gone') });
  await cluster.apply(gone);
  await cluster.waitForPlan('gone', 'to be refused', hasEnded);
  const refused = await autopilot(['explain', 'gone']);
  assert.match(refused.stdout, /^Plan gone was refused, and nothing was touched/);
  assert.match(refused.stdout, /Node gone {2}Node gone does not exist \[NodeMissing\]/);
  assert.match(refused.stdout, /\n {4}kubectl edit plan gone/);

  const held = aPlan({ name: 'held', version: NEW_VERSION, offer, workers: only('w1') });
  await cluster.apply({ ...held, spec: { ...held.spec, policy: { paused: true } } });
  await cluster.waitForPlan('held', 'to wait', ({ status }) => status?.waitsFor !== undefined);
  const waits = await autopilot(['explain', 'held', '-o', 'json']);
  const { standing, findings } = JSON.parse(waits.stdout);
  assert.equal(standing, 'queued');
  assert.equal(findings[0].reason, 'Paused');
  assert.match(findings[0].next[0], /^kubectl patch plan held --type=merge/);
});

test('what cannot be asked, or may not be, is one sentence', async () => {
  const none = await autopilot(['explain', 'nobody']);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /^autopilot explain: no Plan nobody is stored, found /);

  const stranger = await cluster.kubeconfigFor('somebody', []);
  const forbidden = await autopilot(['explain', 'autopilot'], stranger);
  assert.equal(forbidden.code, 1);
  assert.match(forbidden.stderr, /^autopilot explain: no rights: plans.* is forbidden: .*\n$/);

  const away = join(cluster.folder, 'away.conf');
  const admin = await cluster.kubectl('config', 'view', '--raw');
  await writeFile(away, admin.replace(/server: .*/, 'server: https://127.0.0.1:1'));
  const unreachable = await autopilot(['preview', 'autopilot'], away);
  assert.equal(unreachable.code, 1);
  assert.match(unreachable.stderr, /^autopilot preview: cannot reach the cluster at https:.*\n$/);

  const missing = await autopilot(['preview', '-f', '/nowhere.yaml']);
  assert.equal(missing.code, 2);
  assert.equal((await autopilot(['preview', '--colour'])).code, 2);
});
