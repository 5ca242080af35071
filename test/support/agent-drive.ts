import { Agent } from '../../src/node-agent/agent.ts';
import { type AgentPolicy, DEFAULT_AGENT_POLICY } from '../../src/node-agent/agent-policy.ts';
import { HostPolicyStore } from '../../src/node-agent/host-policy-store.ts';
import { type Layout, layoutOf } from '../../src/node-agent/layout.ts';
import { viewOrder } from '../../src/node-agent/order-view.ts';
import { settle } from '../../src/node-agent/settle.ts';
import { formatOrder, type Goal, type Order } from '../../src/signals/order.ts';
import type { Signal } from '../../src/signals/report.ts';
import { sha256Of } from './sha256.ts';
import { binaryOf } from './simulated-binary.ts';
import { Crash, SimulatedHost } from './simulated-host.ts';

export const OLD_VERSION = 'v1.36.1+k0s.0';
export const OLD = binaryOf(OLD_VERSION);
export const NEW_VERSION = 'v1.36.3+k0s.0';
export const NEW = binaryOf(NEW_VERSION);
export const URL_OF_NEW = 'https://releases/k0s';
export const LAYOUT: Layout = layoutOf({
  binary: '/usr/local/bin/k0s',
  stateFolder: '/var/lib/autopilot',
});

export function anOrder(goal: Goal = 'stage', more: Partial<Order> = {}): Order {
  return {
    v: 1,
    id: 'run1.0.1',
    attempt: 1,
    goal,
    plan: { name: 'autopilot', uid: 'uid-1' },
    run: 'run1',
    command: 0,
    epoch: 3,
    artifact: { kind: 'k0s', version: NEW_VERSION, url: URL_OF_NEW, force: false },
    durations: { stageMs: 600_000, confirmMs: 60_000 },
    undo: 'binary',
    ...more,
  };
}

/** A host that runs the old version and can fetch the new one. */
export function aHost(artifact: string = NEW): SimulatedHost {
  const host = new SimulatedHost(LAYOUT.binary, OLD);
  host.web.set(URL_OF_NEW, artifact);
  host.addWhole(artifact);
  return host;
}

export function withDigest(order: Order, content: string = NEW): Order {
  return { ...order, artifact: { ...order.artifact, sha256: sha256Of(content) } };
}

/** As the simulated binaries are built. */
const PLATFORM = `linux-${process.arch === 'x64' ? 'amd64' : process.arch}`;

async function knownPolicy(policy: AgentPolicy): Promise<HostPolicyStore> {
  const known = new HostPolicyStore(async () => ({ kind: 'read', policy }));
  await known.refresh();
  return known;
}

export async function openAgent(
  host: SimulatedHost,
  policy: AgentPolicy = DEFAULT_AGENT_POLICY,
): Promise<Agent> {
  return Agent.open({
    host,
    layout: LAYOUT,
    policy: await knownPolicy(policy),
    platform: PLATFORM,
    random: () => 0.5,
    log: () => undefined,
    onNews: () => undefined,
  });
}

/** What the orchestrator wants next, seeing the report; undefined: the order is removed. */
export type Orchestrator = (signal: Signal | undefined) => Order | undefined;

export interface DriveOptions {
  readonly maxTurns?: number;
  /** After an agent's start the API is silent for so many turns. */
  readonly silentTurns?: number;
  /** Of the host's owner. */
  readonly policy?: AgentPolicy;
}

/**
 * Runs agents on a host, a new one after each crash, until there is nothing more to do.
 * @returns the last agent
 */
export async function drive(
  host: SimulatedHost,
  orchestrator: Orchestrator,
  options: DriveOptions = {},
): Promise<Agent> {
  const { maxTurns = 3000, silentTurns = 0 } = options;
  const { signal: abort } = new AbortController();
  let agent: Agent | undefined;
  let heard: string | undefined | null = null;
  let silent = 0;
  let stored: Signal | undefined;
  let booting = false;
  for (let turn = 0; turn < maxTurns; turn++) {
    try {
      if (booting) {
        await settle(host, LAYOUT);
        host.startK0s();
        booting = false;
      }
      agent ??= await openAgent(host, options.policy);
      // the order and the report stand in the API, whatever the agent does
      if (silent <= 0) {
        stored = agent.signal();
        const order = orchestrator(stored);
        const text = order && formatOrder(order);
        if (text !== heard) {
          heard = text;
          agent.hear(viewOrder(text));
        }
      }
      silent--;
      const { waitMs } = await tickOrStumble(agent, host, abort);
      if (waitMs === 0) continue;
      if (waitMs === Number.POSITIVE_INFINITY && silent < 0) {
        const next = orchestrator(agent.signal());
        if ((next && formatOrder(next)) === heard) return agent;
        continue;
      }
      host.advance(Math.min(waitMs, 1000));
    } catch (thrown) {
      if (!(thrown instanceof Crash)) throw thrown;
      booting = host.revive(thrown.kind) || booting;
      agent = undefined;
      heard = null;
      silent = silentTurns;
    }
  }
  throw new Error(
    `no end after ${maxTurns} turns; the last calls: ${host.log.slice(-10).join(', ')}`,
  );
}

async function tickOrStumble(agent: Agent, _host: SimulatedHost, abort: AbortSignal) {
  try {
    return await agent.tick(abort);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown)) throw thrown;
    agent.stumble(thrown.message);
    return { waitMs: 500 };
  }
}

/** Stage, apply, and the verdict once the node is healthy; no verdict where it is undefined. */
export function orchestratorWith(
  verdict: 'commit' | 'undo' | undefined,
  more: Partial<Order> = {},
): Orchestrator {
  let goal: Goal = 'stage';
  return (signal) => {
    if (signal?.phase === 'Staged' && goal === 'stage') goal = 'apply';
    if (signal?.phase === 'OnTrial' && signal.running?.healthy && verdict) goal = verdict;
    return anOrder(goal, more);
  };
}
