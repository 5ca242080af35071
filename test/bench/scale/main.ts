/** `npm run bench -- scale`: one run over thousands of nodes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Plan } from '../../../src/api/plan.ts';
import { buildAutopilot } from '../../../tools/build.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { Etcd } from '../../support/etcd.ts';
import { eventually } from '../../support/eventually.ts';
import { aPlan, everything } from '../../support/plans.ts';
import { AgentsProcess } from '../../support/scale/agents-process.ts';
import { Audit, readsOf, writesOf } from '../../support/scale/audit.ts';
import { Moments, quantile } from '../../support/scale/moments.ts';
import { makeControlNode, makeNodes, makePods, NEW, NEW_SHA } from '../../support/scale/nodes.ts';
import { OrchestratorProcess } from '../../support/scale/orchestrator.ts';
import { manyNodes } from '../../support/scale/scene.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { cpuMsOf, memoryOf, watchPeak } from '../process-memory.ts';
import type { ScaleOptions } from './options.ts';
import { serverCpuMs } from './server-cpu.ts';

export interface ScaleResult {
  readonly nodes: number;
  readonly concurrent: number;
  readonly state: string | undefined;
  readonly done: number;
  readonly wallS: number;
  readonly nodesPerSecond: number;
  /** Until it leads. */
  readonly startToActingS: number;
  /** Until it has begun a Plan that was there before it. */
  readonly startToFirstDecisionS: number;
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
  /** All that etcd has written to its log, by whomever. */
  readonly etcdBytesPerNode: number;
  readonly apiServerCpuMsPerNode: number;
  readonly troubles: number;
}

/** An API server on two slow cores takes a quarter of a second for each node. */
const PER_NODE_MS = 500;
const LEAST_MS = 120_000;
const ETCD_BYTES = 'etcd_disk_wal_write_bytes_total';
const PLANS = '/apis/autopilot.k0sproject.io/v1beta2/plans';

export async function measureScale(
  options: ScaleOptions,
  progress: (text: string) => void,
): Promise<ScaleResult> {
  const folder = await mkdtemp(join(tmpdir(), 'autopilot-scale-'));
  const program = await buildAutopilot();
  const audit = await Audit.of(ORCHESTRATOR, folder);
  progress('a controller starts');
  const api = await startApiServer({ spec: manyNodes(audit.flags) });
  const proxy = await startTcpProxy(api.address, api.port);
  const ends: (() => Promise<unknown>)[] = [() => api.stop(), () => proxy.close()];
  try {
    await makeControlNode(api.admin, api.address);
    await makeNodes(api.admin, options.nodes, (done) => progress(`${done} nodes are made`));

    const moments = new Moments();
    progress('the agents start');
    const { answerMs, flaky, seed, drain: pods } = options;
    const agents = await AgentsProcess.start(api, moments, { answerMs, flaky, seed, pods });
    ends.unshift(() => agents.end());
    if (options.drain) {
      await makePods(api.admin, options.nodes, (running) => progress(`${running} pods run`));
    }

    progress('the orchestrator starts');
    const profiled =
      options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
    const orchestrator = await OrchestratorProcess.start({
      ...{ program, folder, nodeOptions: profiled },
      kubeconfig: await api.kubeconfig(ORCHESTRATOR, [], proxy.url),
    });
    ends.unshift(() => orchestrator.end());
    const { pid, startedMs } = orchestrator;
    const actingMs = await orchestrator.acting();
    const restMB = memoryOf(pid).residentMB;

    const peak = watchPeak(pid);
    const cpuBefore = cpuMsOf(pid);
    const bytesBefore = { ...proxy.bytes };
    const serverCpuBefore = serverCpuMs(api.pid);
    const etcd = await Etcd.of(api);
    ends.unshift(async () => etcd.close());
    const etcdBytesBefore = await etcd.metric(ETCD_BYTES);
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
    await api.admin.request('POST', PLANS, {
      body: { ...plan, spec: { ...plan.spec, policy } },
    });
    const ended = await untilEnded(api, options, moments, progress);
    const wallMs = Date.now() - appliedMs;
    const serverCpu = serverCpuMs(api.pid) - serverCpuBefore;
    const cpu = cpuMsOf(pid) - cpuBefore;
    const peakMB = peak();
    const etcdBytes = (await etcd.metric(ETCD_BYTES)) - etcdBytesBefore;
    // The audit log is written in batches.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const requests = await audit.requests(appliedMs);
    await orchestrator.end();
    progress('another one begins another Plan');
    // Half an hour of figures is not lost for one that cannot be had.
    const startToFirstDecisionS = await firstDecision(api, plan, { program, folder }).catch(
      (thrown: unknown) => {
        progress(`the first decision was not measured: ${thrown}`);
        return Number.NaN;
      },
    );
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
      startToActingS: (actingMs - startedMs) / 1000,
      startToFirstDecisionS,
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
      etcdBytesPerNode: perNode(etcdBytes),
      apiServerCpuMsPerNode: perNode(serverCpu),
      troubles: agents.troubles.length,
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

/** Of a leader that finds a Plan which nobody has begun: until it has. */
async function firstDecision(
  api: ApiServer,
  plan: ReturnType<typeof aPlan>,
  { program, folder }: { readonly program: string; readonly folder: string },
): Promise<number> {
  const commands = plan.spec.commands.map(({ k0supdate }) => ({
    k0supdate: { ...k0supdate, forceupdate: true },
  }));
  await api.admin.request('POST', PLANS, {
    body: { ...plan, metadata: { name: 'another' }, spec: { ...plan.spec, commands } },
  });
  const orchestrator = await OrchestratorProcess.start({
    ...{ program, folder, name: 'another' },
    kubeconfig: await api.kubeconfig(ORCHESTRATOR),
  });
  try {
    await eventually(
      'the other Plan to begin',
      async () => {
        const { status } = await api.admin.request<Plan>('GET', `${PLANS}/another`);
        return status?.startedAt;
      },
      { timeoutMs: LEAST_MS },
    );
    // What the Plan says of it is in whole seconds, and from before it was written down.
    return (Date.now() - orchestrator.startedMs) / 1000;
  } finally {
    await orchestrator.end('SIGKILL');
  }
}

async function untilEnded(
  api: ApiServer,
  options: ScaleOptions,
  moments: Moments,
  progress: (text: string) => void,
): Promise<Plan> {
  const path = `${PLANS}/autopilot`;
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
