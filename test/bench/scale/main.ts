/** `npm run bench -- scale`: one run over thousands of nodes. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Plan } from '../../../src/api/plan.ts';
import { buildAutopilot } from '../../../tools/build.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { aPlan, everything } from '../../support/plans.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { cpuMsOf, memoryOf, watchPeak } from '../process-memory.ts';
import type { AgentsInput, FromAgents, ToAgents } from './agents.ts';
import { Audit, readsOf, writesOf } from './audit.ts';
import { Moments, quantile } from './moments.ts';
import { makeControlNode, makeNodes, makePods, NEW, NEW_SHA } from './nodes.ts';
import type { ScaleOptions } from './options.ts';

export interface ScaleResult {
  readonly nodes: number;
  readonly concurrent: number;
  readonly state: string | undefined;
  readonly done: number;
  readonly wallS: number;
  readonly nodesPerSecond: number;
  readonly startToFirstDecisionS: number;
  /** Of one core, while nothing is to be done; undefined: not asked for. */
  readonly idleCpuPercent: number | undefined;
  readonly cpuMsPerNode: number;
  readonly peakMB: number;
  readonly restMB: number;
  readonly writesPerNode: number;
  readonly readsPerNode: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly bytesUpPerNode: number;
  readonly bytesDownPerNode: number;
  readonly meanSlots: number;
  readonly reportToOrderP50Ms: number;
  readonly reportToOrderP99Ms: number;
  readonly refillP50Ms: number;
  readonly refillP99Ms: number;
  readonly statusBytes: number;
  readonly apiServerCpuMsPerNode: number;
  readonly troubles: number;
}

/** Three times as long as the slowest bound allows. */
const PER_NODE_MS = 200;
const LEAST_MS = 120_000;

export async function measureScale(
  options: ScaleOptions,
  progress: (text: string) => void,
): Promise<ScaleResult> {
  const folder = await mkdtemp(join(tmpdir(), 'autopilot-scale-'));
  const program = await buildAutopilot();
  const audit = await Audit.of(ORCHESTRATOR, folder);
  progress('a controller starts');
  const api = await startApiServer({
    spec: {
      api: { extraArgs: audit.flags },
      // Nobody renews ten thousand Leases every ten seconds here: no Node is ever taken for lost.
      controllerManager: {
        extraArgs: {
          'node-monitor-grace-period': '24h',
          'kube-api-qps': '2000',
          'kube-api-burst': '4000',
        },
      },
    },
  });
  const proxy = await startTcpProxy(api.address, api.port);
  const ends: (() => Promise<unknown>)[] = [() => api.stop(), () => proxy.close()];
  try {
    await makeControlNode(api.admin, api.address);
    await makeNodes(api.admin, options.nodes, (done) => progress(`${done} nodes are made`));

    const moments = new Moments();
    const troubles: string[] = [];
    progress('the agents start');
    const agents = await startAgents(api, options, moments, troubles);
    ends.unshift(() => end(agents));
    if (options.drain) {
      await makePods(api.admin, options.nodes, (running) => progress(`${running} pods run`));
    }

    progress('the orchestrator starts');
    const log = await open(join(folder, 'orchestrator.log'), 'w');
    const config = await api.kubeconfig(ORCHESTRATOR, [], proxy.url);
    const startedMs = Date.now();
    const profiled =
      options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
    const argv = [...profiled, program, 'controller', '--kubeconfig', config];
    const orchestrator = spawn(process.execPath, argv, {
      stdio: ['ignore', log.fd, log.fd],
    });
    await log.close();
    ends.unshift(() => end(orchestrator));
    const pid = orchestrator.pid!;
    const actingMs = await eventually('the orchestrator to act', async () =>
      actingSince(await readFile(join(folder, 'orchestrator.log'), 'utf8')),
    );
    const idleCpuPercent =
      options.idleS === 0 ? undefined : await measureIdle(agents, pid, options.idleS, progress);
    const restMB = memoryOf(pid).residentMB;

    const peak = watchPeak(pid);
    const cpuBefore = cpuMsOf(pid);
    const bytesBefore = { ...proxy.bytes };
    const serverCpuBefore = serverCpuMs(api.pid);
    const appliedMs = Date.now();
    const policy = {
      maxUnavailable: '100%',
      download: { concurrent: options.concurrent },
      ...(options.flaky > 0 ? { maxFailures: '100%' } : {}),
    };
    const plan = aPlan({
      version: NEW,
      offer: { url: 'http://127.0.0.1:1/k0s', sha256: NEW_SHA },
      workers: everything,
      concurrent: options.concurrent,
    });
    await api.admin.request('POST', '/apis/autopilot.k0sproject.io/v1beta2/plans', {
      body: { ...plan, spec: { ...plan.spec, policy } },
    });
    const ended = await untilEnded(api, options, moments, progress);
    const wallMs = Date.now() - appliedMs;
    const serverCpu = serverCpuMs(api.pid) - serverCpuBefore;
    const cpu = cpuMsOf(pid) - cpuBefore;
    const peakMB = peak();
    // The audit log is written in batches.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const requests = await audit.requests(appliedMs);
    const answers = moments.between('renewed', 'told commit');
    const refills = moments.refills(options.concurrent);
    const perNode = (value: number) => Math.round((100 * value) / options.nodes) / 100;
    return {
      nodes: options.nodes,
      concurrent: options.concurrent,
      state: ended.status?.state,
      done: moments.count('reported Committed'),
      wallS: wallMs / 1000,
      nodesPerSecond: Math.round((10_000 * options.nodes) / wallMs) / 10,
      idleCpuPercent,
      startToFirstDecisionS: (actingMs - startedMs) / 1000,
      cpuMsPerNode: perNode(cpu),
      peakMB: Math.round(peakMB),
      restMB: Math.round(restMB),
      writesPerNode: perNode(writesOf(requests)),
      readsPerNode: perNode(readsOf(requests)),
      requests: Object.fromEntries([...requests].sort((a, b) => b[1] - a[1])),
      bytesUpPerNode: perNode(proxy.bytes.up - bytesBefore.up),
      bytesDownPerNode: perNode(proxy.bytes.down - bytesBefore.down),
      meanSlots: Math.round(10 * moments.meanSlots(options.concurrent)) / 10,
      reportToOrderP50Ms: quantile(answers, 0.5),
      reportToOrderP99Ms: quantile(answers, 0.99),
      refillP50Ms: quantile(refills, 0.5),
      refillP99Ms: quantile(refills, 0.99),
      statusBytes: JSON.stringify(ended.status ?? {}).length,
      apiServerCpuMsPerNode: perNode(serverCpu),
      troubles: troubles.length,
    };
  } finally {
    for (const stop of ends) await stop();
    if (process.env.SCALE_KEEP) console.error(`kept ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

export function machine(): object {
  return {
    cpu: cpus()[0]?.model.trim(),
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 1e9),
    node: process.version,
    date: new Date().toISOString(),
  };
}

async function startAgents(
  api: ApiServer,
  options: ScaleOptions,
  moments: Moments,
  troubles: string[],
) {
  const input: AgentsInput = {
    kubeconfig: await api.kubeconfig('simulated-agents', ['system:masters']),
    answerMs: options.answerMs,
    flaky: options.flaky,
    seed: options.seed,
    pods: options.drain,
  };
  const child = fork(join(import.meta.dirname, 'agents.ts'), [JSON.stringify(input)]);
  const ready = Promise.withResolvers<void>();
  child.on('message', (message: FromAgents) => {
    if (message.kind === 'noted') moments.note(message.moments);
    else if (message.kind === 'ready') ready.resolve();
    else {
      if (troubles.length < 5) console.error(message.message);
      troubles.push(message.message);
    }
  });
  child.once('exit', (code) => ready.reject(new Error(`the agents ended with ${code}`)));
  await ready.promise;
  return child;
}

/** As many as the agents of ten thousand nodes send. */
const HEARTBEATS_A_SECOND = 30;
/** Until what follows the start is done, and what runs often has been compiled. */
const WARM_UP_MS = 10_000;

/** @returns the share of one core that the orchestrator takes while agents say nothing but that they live */
async function measureIdle(
  agents: ChildProcess,
  pid: number,
  seconds: number,
  progress: (text: string) => void,
): Promise<number> {
  const beat = (perSecond: number) => {
    const message: ToAgents = { kind: 'beat', perSecond };
    agents.send(message);
  };
  beat(HEARTBEATS_A_SECOND);
  progress(`nothing is to be done for ${seconds} s`);
  await sleep(WARM_UP_MS);
  const cpuBefore = cpuMsOf(pid);
  const sinceMs = performance.now();
  await sleep(seconds * 1_000);
  const share = (cpuMsOf(pid) - cpuBefore) / (performance.now() - sinceMs);
  beat(0);
  return Math.round(1_000 * share) / 10;
}

async function untilEnded(
  api: ApiServer,
  options: ScaleOptions,
  moments: Moments,
  progress: (text: string) => void,
): Promise<Plan> {
  const path = '/apis/autopilot.k0sproject.io/v1beta2/plans/autopilot';
  return eventually(
    'the Plan to end',
    async () => {
      progress(`${moments.count('reported Committed')} of ${options.nodes} nodes are done`);
      const plan = await api.admin.request<Plan>('GET', path, { timeoutMs: 60_000 });
      return plan.status?.finishedAt === undefined ? undefined : plan;
    },
    { timeoutMs: longestMs(options), everyMs: 500 },
  );
}

function longestMs({ nodes, concurrent, answerMs }: ScaleOptions): number {
  return LEAST_MS + PER_NODE_MS * nodes + 30 * answerMs * Math.ceil(nodes / concurrent);
}

function actingSince(log: string): number | undefined {
  const line = log.split('\n').find((one) => one.includes('"msg":"acting"'));
  return line === undefined ? undefined : Date.parse((JSON.parse(line) as { time: string }).time);
}

/** The API server, etcd and the controllers of Kubernetes: children of k0s. */
function serverCpuMs(pid: number): number {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return children.reduce((total, child) => total + cpuMsOf(Number(child)), 0);
}

async function end(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
