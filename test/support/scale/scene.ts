import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Plan } from '../../../src/api/plan.ts';
import { buildAutopilot } from '../../../tools/build.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../api-server.ts';
import { eventually } from '../eventually.ts';
import { aPlan, everything, hasEnded } from '../plans.ts';
import { AgentsProcess } from './agents-process.ts';
import { Audit } from './audit.ts';
import { Moments } from './moments.ts';
import { makeControlNode, makeNodes, makePods, NEW, NEW_SHA } from './nodes.ts';
import { Onlooker } from './onlooker.ts';
import { OrchestratorProcess } from './orchestrator.ts';

export interface SceneOptions {
  readonly nodes: number;
  /** How long an agent takes for each thing that it is told. */
  readonly answerMs?: number;
  /** Two pods on each node, and a budget over them: nodes are drained. */
  readonly pods?: boolean;
  /** Whether somebody watches what becomes of each node. */
  readonly onlooker?: boolean;
}

/** So long a run may take, beside the time that its agents take: the machine may be busy with other tests. */
const LEAST_MS = 180_000;
const PER_NODE_MS = 500;
const PLANS = '/apis/autopilot.k0sproject.io/v1beta2/plans';

/** A real etcd and API server with many Nodes and simulated agents, and orchestrators as processes. */
export class ScaleScene {
  readonly api: ApiServer;
  readonly audit: Audit;
  readonly agents: AgentsProcess;
  readonly onlooker: Onlooker;
  readonly nodes: number;
  readonly #folder: string;
  readonly #program: string;
  readonly #orchestrators: OrchestratorProcess[] = [];
  #plans = 0;

  private constructor(
    parts: Pick<ScaleScene, 'api' | 'audit' | 'agents' | 'onlooker' | 'nodes'>,
    folder: string,
    program: string,
  ) {
    this.api = parts.api;
    this.audit = parts.audit;
    this.agents = parts.agents;
    this.onlooker = parts.onlooker;
    this.nodes = parts.nodes;
    this.#folder = folder;
    this.#program = program;
  }

  static async start(options: SceneOptions): Promise<ScaleScene> {
    const { nodes, answerMs = 0, pods = false, onlooker } = options;
    const folder = await mkdtemp(join(tmpdir(), 'autopilot-scene-'));
    const program = await buildAutopilot();
    const audit = await Audit.of(ORCHESTRATOR, folder);
    const api = await startApiServer({ spec: manyNodes(audit.flags) });
    await makeControlNode(api.admin, api.address);
    await makeNodes(api.admin, nodes, () => {});
    const input = { answerMs, flaky: 0, seed: 1, pods };
    const agents = await AgentsProcess.start(api, new Moments(), input);
    if (pods) await makePods(api.admin, nodes, () => {});
    const sight = new Onlooker(await api.as('onlooker', ['system:masters']));
    if (onlooker === true) await sight.start();
    return new ScaleScene({ api, audit, agents, onlooker: sight, nodes }, folder, program);
  }

  /** @param server another address of the API server, such as that of a proxy */
  async orchestrator(server?: string, { measured = false } = {}) {
    const kubeconfig = await this.api.kubeconfig(ORCHESTRATOR, [], server);
    const orchestrator = await OrchestratorProcess.start({
      program: this.#program,
      kubeconfig,
      folder: this.#folder,
      name: `orchestrator-${this.#orchestrators.length}`,
      measured,
    });
    this.#orchestrators.push(orchestrator);
    return orchestrator;
  }

  /**
   * Applies a Plan over all nodes, or some of them. @returns its name
   * @param again each takes up the version once more that it may run already
   */
  async apply(concurrent: number, selector: object = everything, again = true): Promise<string> {
    const name = `plan-${++this.#plans}`;
    const plan = aPlan({
      ...{ name, version: NEW, workers: selector, concurrent },
      offer: { url: 'http://127.0.0.1:1/k0s', sha256: NEW_SHA },
    });
    const [command] = plan.spec.commands;
    const policy = { maxUnavailable: '100%', download: { concurrent } };
    const commands = [{ k0supdate: { ...command!.k0supdate, forceupdate: again } }];
    await this.api.admin.request('POST', PLANS, {
      body: { ...plan, spec: { ...plan.spec, commands, policy } },
    });
    return name;
  }

  plan(name: string): Promise<Plan> {
    return this.api.admin.request<Plan>('GET', `${PLANS}/${name}`, { timeoutMs: 60_000 });
  }

  async delete(name: string): Promise<void> {
    await this.api.admin.request('DELETE', `${PLANS}/${name}`);
  }

  /** Waits until it has come so far, as its own status says. */
  async until(name: string, done: number): Promise<void> {
    await eventually(
      `${done} nodes to be done`,
      async () => ((await this.plan(name)).status?.progress?.done ?? 0) >= done,
      { timeoutMs: this.#longestMs },
    );
  }

  ended(name: string): Promise<Plan> {
    return eventually(
      `${name} to end`,
      async () => {
        const plan = await this.plan(name);
        return hasEnded(plan) ? plan : undefined;
      },
      { timeoutMs: this.#longestMs, everyMs: 300 },
    );
  }

  get #longestMs(): number {
    return LEAST_MS + PER_NODE_MS * this.nodes;
  }

  /** Also those that a test which has failed has left behind. */
  async endOrchestrators(): Promise<void> {
    for (const one of this.#orchestrators) await one.end();
  }

  async stop(): Promise<void> {
    this.onlooker.stop();
    await this.endOrchestrators();
    await this.agents.end();
    await this.api.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Nobody renews thousands of Leases every ten seconds here: no Node is ever taken for lost. Nor is written to each Node
 * for minutes after it was made, and again whenever there are more of them, for how long a kubelet may keep a Secret.
 */
export function manyNodes(apiFlags: Readonly<Record<string, string>>) {
  return {
    // A profile costs nothing until one is asked for.
    api: { extraArgs: { profiling: 'true', ...apiFlags } },
    controllerManager: {
      extraArgs: {
        'node-monitor-grace-period': '24h',
        controllers: '*,-ttl-controller',
        'kube-api-qps': '2000',
        'kube-api-burst': '4000',
      },
    },
  };
}
