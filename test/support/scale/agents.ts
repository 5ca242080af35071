/**
 * The process of all simulated agents. Told by its parent what to do, tells it what it has seen: moments of
 * nodes by the clock of this machine. Ends when its parent does.
 */
import { connect } from '../../../src/kube/client.ts';
import { startInformer } from '../../../src/kube/informer.ts';
import type { RawNode, RawPod } from '../../../src/kube/raw.ts';
import { createLog } from '../../../src/log.ts';
import { type Mishap, type Moment, SimulatedAgent } from './agent.ts';
import { Floor } from './floor.ts';

export interface AgentsInput {
  readonly kubeconfig: string;
  readonly answerMs: number;
  readonly flaky: number;
  readonly seed: number;
  /** Whether they keep pods running, too. */
  readonly pods: boolean;
}

/** [node, moment, epoch milliseconds] */
export type Noted = readonly [node: string, moment: Moment, atMs: number];
export type FromAgents =
  | { readonly kind: 'ready'; readonly nodes: number }
  | { readonly kind: 'noted'; readonly moments: readonly Noted[] }
  /** Of {@link Floor}: all nodes are through. */
  | { readonly kind: 'done'; readonly seconds: number }
  | { readonly kind: 'trouble'; readonly message: string };
export type ToAgents =
  /** All agents together write so many heartbeats a second, and kubelets renew so many Leases, evenly. */
  | { readonly kind: 'beat'; readonly perSecond: number; readonly renewalsPerSecond: number }
  /** All nodes are updated by nobody's judgement. @see Floor */
  | { readonly kind: 'floor'; readonly kubeconfig: string; readonly concurrent: number };

const MISHAPS: readonly Mishap[] = ['fails', 'vanishes', 'late', 'twice'];
const TELL_EVERY_MS = 200;

const input = JSON.parse(process.argv[2] ?? '') as AgentsInput;
const kube = connect({ kubeconfig: input.kubeconfig, version: 'simulated-agents' });
const log = createLog('error', { program: 'agents' });
const stop = new AbortController();
const agents = new Map<string, SimulatedAgent>();
const random = mulberry32(input.seed);
let moments: Noted[] = [];
let floor: Floor | undefined;

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToAgents) => {
  if (message.kind === 'floor') {
    runFloor(message).catch((thrown: unknown) => {
      console.error(thrown);
      process.exit(1);
    });
    return;
  }
  evenly('beat', message.perSecond, (agent) => agent.beat());
  evenly('renewal', message.renewalsPerSecond, (agent) => agent.renew());
});
setInterval(() => {
  if (moments.length > 0) tell({ kind: 'noted', moments });
  moments = [];
}, TELL_EVERY_MS);

const ports = {
  kube,
  answerMs: input.answerMs,
  mishap: () => (random() < input.flaky ? MISHAPS[Math.floor(random() * 4)] : undefined),
  note: (node: string, moment: Moment) => {
    moments.push([node, moment, Date.now()]);
    floor?.note(node, moment);
  },
  onTrouble: (message: string) => tell({ kind: 'trouble', message }),
};

const nodes = startInformer({
  kube,
  log,
  signal: stop.signal,
  path: '/api/v1/nodes',
  trim: (raw) => {
    const node = raw as RawNode;
    const { name, resourceVersion } = node.metadata;
    const agent = agents.get(name) ?? new SimulatedAgent(name, ports);
    agents.set(name, agent);
    agent.see(node);
    return { name, resourceVersion };
  },
});
await nodes.synced();
if (input.pods) {
  await startInformer({
    kube,
    log,
    signal: stop.signal,
    path: '/api/v1/pods',
    query: { fieldSelector: 'spec.nodeName!=' },
    trim: (raw) => {
      const pod = raw as RawPod;
      const { name, namespace, resourceVersion } = pod.metadata;
      keep(pod).catch((thrown: unknown) => ports.onTrouble(`pod ${name}: ${thrown}`));
      return { name, namespace, resourceVersion };
    },
  }).synced();
}
tell({ kind: 'ready', nodes: agents.size });

/** What a kubelet does with a pod: runs it, and lets it go when it is to end. */
async function keep({ metadata, status }: RawPod): Promise<void> {
  const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
  if (metadata.deletionTimestamp !== undefined) {
    await kube.request('DELETE', path, { body: { gracePeriodSeconds: 0 } }).catch(() => {});
    return;
  }
  if (status?.phase === 'Running') return;
  const lastTransitionTime = new Date().toISOString();
  await kube.request('PATCH', `${path}/status`, {
    contentType: 'application/merge-patch+json',
    body: {
      status: {
        phase: 'Running',
        conditions: [
          { type: 'Ready', status: 'True', lastTransitionTime },
          { type: 'ContainersReady', status: 'True', lastTransitionTime },
        ],
      },
    },
  });
}

async function runFloor(asked: Extract<ToAgents, { kind: 'floor' }>): Promise<void> {
  floor = new Floor(connect({ kubeconfig: asked.kubeconfig, version: 'floor' }));
  const begunMs = performance.now();
  await floor.run([...agents.keys()], asked.concurrent);
  tell({ kind: 'done', seconds: (performance.now() - begunMs) / 1000 });
}

function evenly(what: string, perSecond: number, act: (agent: SimulatedAgent) => Promise<void>) {
  if (perSecond <= 0) return;
  const all = [...agents.values()];
  let next = 0;
  setInterval(() => {
    const agent = all[next++ % all.length];
    if (agent === undefined) return;
    act(agent).catch((thrown: unknown) => ports.onTrouble(`${what}: ${thrown}`));
  }, 1000 / perSecond);
}

function tell(message: FromAgents): void {
  process.send?.(message);
}

/** A small generator with a seed, so that a flaky run can be had again. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
