import assert from 'node:assert/strict';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { parseAgentPolicy } from '../../src/node-agent/agent-policy-parse.ts';
import { Cluster } from '../support/cluster/cluster.ts';
import { type Finished, tryRun } from '../support/cluster/run.ts';
import { commandsOf, manifestsOf } from '../support/docs/commands.ts';
import { eventually } from '../support/eventually.ts';
import { aPlan, conditionOf, everything, hasEnded, only } from '../support/plans.ts';
import { NEW_VERSION } from '../support/releases.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'src/main.ts');
const COOKBOOK = 'usage/cookbook.md';
const PLAN = 'autopilot';

/** The pages for users on one cluster, in the order in which somebody may read them. */
describe('what the pages say can be typed', { timeout: 600_000 }, () => {
  let cluster: Cluster;
  let folder: string;
  let bin: string;
  let environment: Record<string, string>;

  before(async () => {
    cluster = await Cluster.start({ controllers: 1, workers: 2, orchestrators: 0 });
    folder = join(cluster.folder, 'typed');
    bin = join(folder, 'bin');
    await mkdir(bin, { recursive: true });
    await program('autopilot', `exec -a "$0" ${process.execPath} ${MAIN} "$@"`);
    await symlink(cluster.kubectlPath, join(bin, 'kubectl'));
    environment = {
      PATH: `${bin}:${process.env.PATH}`,
      KUBECONFIG: await cluster.kubeconfigFor('ann', ['system:masters']),
      // what `kubectl edit` opens
      EDITOR: 'true',
    };
  });
  after(() => cluster?.stop());

  async function program(name: string, line: string): Promise<void> {
    await writeFile(join(bin, name), `#!/bin/bash\n${line}\n`);
    await chmod(join(bin, name), 0o755);
  }

  /** As it stands there, with the names of this cluster for those in capitals. */
  function type(script: string, timeoutMs = 60_000): Promise<Finished> {
    const named = script
      .replaceAll(/\b(PLAN|NAME)\b/g, /\bnode NAME\b/.test(script) ? 'w1' : PLAN)
      .replaceAll('/usr/local/bin', bin)
      .replace(/ -f crds\//, ` -f ${ROOT}/crds/`);
    return tryRun('sh', ['-e', '-c', `cd ${folder}; ${named}`], { env: environment, timeoutMs });
  }

  async function must(script: string): Promise<string> {
    const { code, stdout, stderr } = await type(script);
    assert.equal(code, 0, `${script}\n${stdout}\n${stderr}`);
    return stdout;
  }

  const linesOf = (page: string, word: string) =>
    commandsOf(page, word).flatMap((block) => block.split('\n').filter((line) => line !== ''));

  for (const recipe of ['office', 'production', 'database', 'edge']) {
    test(`cookbook, ${recipe}: applied as it stands, and its Plan may run`, async () => {
      const [policy = ''] = manifestsOf(COOKBOOK, `cookbook-${recipe}`);
      const [plan = ''] = manifestsOf(COOKBOOK, `cookbook-${recipe}-plan`);
      await writeFile(join(folder, 'policy.yaml'), policy);
      await writeFile(join(folder, 'plan.yaml'), plan);
      const pool = /"pool=(\w+)"/.exec(plan)?.[1];
      if (pool !== undefined) {
        await cluster.kubectl('label', 'node', '--all', '--overwrite', `pool=${pool}`);
      }
      const [apply = '', preview = '', ...rest] = linesOf(COOKBOOK, 'cookbook');
      const applied = await type(apply);
      assert.equal(applied.code, 0, applied.stderr);
      assert.doesNotMatch(applied.stderr, /Warning|unknown field/);
      const seen = await must(preview);
      assert.match(seen, /may run/);
      assert.doesNotMatch(seen, /no such field|InvalidPolicy/);
      if (recipe === 'production') assert.match(seen, /waits for a person here: Workers/);
      for (const command of rest) await must(command);
      const strict = await type('kubectl apply --dry-run=server --validate=strict -f plan.yaml');
      assert.doesNotMatch(strict.stderr, /Warning|unknown field/);
      assert.equal(strict.code, 0, strict.stderr);
      await cluster.kubectl('delete', 'plan', PLAN);
      await cluster.kubectl('delete', '-f', join(folder, 'policy.yaml'));
    });
  }

  test("cookbook: the file of an edge host's owner is one that its agent takes", () => {
    const [text = ''] = manifestsOf(COOKBOOK, 'cookbook-edge-agent');
    const read = parseAgentPolicy(text, 'agent.yaml');
    assert.equal(read.kind, 'read', JSON.stringify(read));
  });

  test('the plugin is found by kubectl, and completes', async () => {
    await must(commandsOf('usage/cli.md', 'plugin')[0] ?? '');
    assert.match(await must('kubectl-autopilot --help'), /^Usage: kubectl autopilot /);
    assert.match(await must('kubectl_complete-autopilot doct'), /^doctor$/m);
  });

  test('the kill switch, a Plan that waits for it, and what its preview says', async () => {
    await cluster.apply({
      apiVersion: 'extensions.autopilot.k0sproject.io/v1alpha1',
      kind: 'UpdatePolicy',
      metadata: { name: 'default' },
      spec: { approvals: ['BeforeWorkers'], backup: { mode: 'Never' } },
    });
    await must(commandsOf('usage/policy.md', 'kill-switch')[0] ?? '');
    await cluster.startOrchestrator();
    const offer = await cluster.offer({ version: NEW_VERSION });
    const plan = aPlan({
      ...{ version: NEW_VERSION, offer, workers: everything },
      concurrent: 2,
    });
    await writeFile(join(folder, 'plan.yaml'), stringify(plan));
    await must('kubectl apply -f plan.yaml');
    await cluster.waitForPlan(PLAN, 'to wait', ({ status }) => status?.waitsFor !== undefined);
    for (const line of linesOf('usage/preview.md', 'preview')) await must(line);
    const said = await must(commandsOf('usage/explain.md', 'explain')[0] ?? '');
    const [undo = ''] = /^ {4}(kubectl patch updatepolicy .*)$/m.exec(said)?.slice(1) ?? [];
    await must(undo);
  });

  test('a run waits for a person, who pauses, resumes and approves', async () => {
    await cluster.waitForPlan(
      PLAN,
      'to wait for a person',
      (plan) => conditionOf(plan, 'Waiting')?.reason === 'WaitsForApproval',
    );
    const [pause = '', resume = '', approve = '', ...rest] = linesOf('usage/plan.md', 'verbs');
    assert.match(await must(pause), /paused/);
    assert.match(await must(resume), /^Plan autopilot: /);
    const [ask = ''] = commandsOf('usage/plan.md', 'ask');
    const asked = await type(ask);
    assert.equal(asked.code, 0, asked.stderr);
    // asked by kubectl alone, in one's own name
    await eventually('the answer', async () => {
      const answer = 'kubectl get plan NAME -o jsonpath={.status.requestResults[*].nonce}';
      return (await must(answer)).includes('2026-03-01-1');
    });
    await must(resume);
    const [patch = ''] = commandsOf('usage/points.md', 'ask');
    await must(patch);
    await cluster.waitForPlan(PLAN, 'to end', hasEnded);
    assert.equal((await cluster.plan(PLAN))?.status?.state, 'Completed');
    // nothing waits any more: each is refused in a sentence
    for (const line of [approve, ...linesOf('usage/points.md', 'approve'), ...rest]) {
      const { code, stderr } = await type(line);
      assert.equal(code, 1, `${line}: ${stderr}`);
      assert.match(stderr, /was refused|say --yes/, line);
    }
  });

  test('what became of it, and back again', async () => {
    for (const line of linesOf('usage/history.md', 'history')) await must(line);
    await must(commandsOf('usage/explain.md', 'explain')[0] ?? '');
    const [whole = '', some = ''] = linesOf('usage/rollback.md', 'rollback').map((line) =>
      line.replace(/ +#.*$/, ''),
    );
    assert.match((await type(whole)).stderr, /say --yes/);
    await must(`${whole} --yes --wait`);
    const gone = await cluster.waitForPlan(PLAN, 'to end', hasEnded);
    assert.equal(conditionOf(gone, 'RolledBack')?.status, 'True');
    const refused = await type(`${some.replace('w3 w4', 'w1 w2')} --yes`);
    assert.equal(refused.code, 1, refused.stderr);
    const [list = ''] = linesOf('usage/rollback.md', 'quarantine');
    await must(list);
    const [, lift = ''] = linesOf('usage/rollback.md', 'quarantine');
    assert.match((await type(lift)).stderr, /not found/, 'nothing was in quarantine');
  });

  test('a host, its channel, and who may drive', async () => {
    const report = await must(commandsOf('usage/agent.md', 'agent-report')[0] ?? '');
    assert.match(report, /"k0sVersion"/);
    await must(commandsOf('usage/channels.md', 'channel-status')[0] ?? '');
    await must((commandsOf('usage/plan.md', 'operators')[0] ?? '').replace('GROUP', 'ops'));
    for (const line of linesOf('usage/plan.md', 'leave-out')) {
      await must(`${line} --overwrite`);
    }
    await must(
      'kubectl annotate node w1 autopilot.k0sproject.io/opt-out- autopilot.k0sproject.io/pin-',
    );
  });

  test('what a runbook says can be typed, but for what is of a host', async () => {
    await theWorldOfRunbooks();
    const lines = new Set(
      // a version that this API server serves
      linesOf('usage/runbooks.md', 'runbook').map((line) => line.replace('v1beta3', 'v1')),
    );
    const here = [...lines].filter((line) => !/ # (on|with) /.test(line));
    assert.ok(here.length > 40, `${here.length} commands`);
    const looks = here.filter((line) =>
      /^kubectl (get|describe|logs|auth|config|version) /.test(line),
    );
    const failed: string[] = [];
    const work = async (left: string[]) => {
      for (let line = left.shift(); line !== undefined; line = left.shift()) {
        const said = await trouble(line);
        if (said !== undefined) failed.push(said);
      }
    };
    const shared = [...looks];
    await Promise.all([work(shared), work(shared), work(shared)]);
    // What takes away what others look at comes last.
    const acts = here.filter((line) => !looks.includes(line));
    await work(acts.toSorted((a, b) => Number(/ delete /.test(a)) - Number(/ delete /.test(b))));
    assert.deepEqual(failed, []);
  });

  /** @returns what went wrong with a line of a runbook, which may be answered by a no, but has to be understood */
  async function trouble(line: string): Promise<string | undefined> {
    // It would go on for ever.
    const once = line.endsWith(' --watch') ? `timeout 2 ${line} || [ $? = 124 ]` : line;
    const { code, stdout, stderr } = await type(once);
    if (code === 0) return undefined;
    const isAnswered = /was refused|say --yes|wanted a Plan from before our installation/.test(
      stderr,
    );
    const isLook = /^autopilot (doctor|adopt|status|channel verify)|^kubectl logs /.test(line);
    if (isAnswered || (code === 1 && isLook)) return undefined;
    return `${line}: ${code}\n${stdout}${stderr}`;
  }

  /** What the page speaks of, beside the Plan and the hosts. */
  async function theWorldOfRunbooks(): Promise<void> {
    const of = (kind: string, apiVersion: string, name: string, namespace: string, rest: object) =>
      stringify({
        apiVersion,
        kind,
        metadata: { name, namespace, labels: { app: 'web' } },
        ...rest,
      });
    const spec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }] };
    const budget = { maxUnavailable: 0, selector: { matchLabels: { app: 'web' } } };
    const job = { spec: { template: { spec } } };
    await cluster.kubectl('create', 'namespace', 'shop');
    const second = ['autopilot-orchestrator', '--namespace', 'k0s-autopilot', '--image', 'x'];
    await cluster.kubectl('create', 'deployment', ...second);
    const offer = { url: 'http://127.0.0.1:1/k0s' };
    const spring = aPlan({ name: 'spring', version: NEW_VERSION, offer, workers: only('nobody') });
    await cluster.apply(spring);
    const all = [
      of('PodDisruptionBudget', 'policy/v1', 'web', 'shop', { spec: budget }),
      of('Pod', 'v1', 'web-1', 'shop', { spec }),
      of('Job', 'batch/v1', 'autopilot-warm', 'k0s-autopilot', job),
      of('Job', 'batch/v1', 'autopilot-smoke', 'k0s-autopilot', job),
      stringify({
        apiVersion: 'extensions.autopilot.k0sproject.io/v1alpha1',
        kind: 'QuarantinedArtifact',
        metadata: { name: 'k0s-1-36-4' },
        spec: {
          ...{ version: 'v1.36.4+k0s.0', platform: 'linux-amd64', sha256: 'a'.repeat(64) },
          ...{ plan: 'spring', run: 'r-1', node: 'w2', at: '2026-03-01T22:00:00Z' },
          ...{ reason: 'ProcessExits', message: 'it exits' },
        },
      }),
    ];
    // a namespace has its ServiceAccount a moment later
    await eventually('the world of the page', () => cluster.apply(all.join('---\n')));
    await eventually('the pods of its Jobs', async () => {
      const pods = await cluster.kubectl('get', 'pods', '-n', 'k0s-autopilot', '-o', 'name');
      return /autopilot-warm-/.test(pods) && /autopilot-smoke-/.test(pods);
    });
  }
});
