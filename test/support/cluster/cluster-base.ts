import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Plan, planSchema, type Role } from '../../../src/api/plan.ts';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import { connect, type Kube } from '../../../src/kube/client.ts';
import type { ArtifactServer } from '../artifact-server.ts';
import { eventually } from '../eventually.ts';
import type { LoadBalancer } from '../load-balancer.ts';
import { buildReleases, pathOf, type Release } from '../releases.ts';
import { type Addresses, API_PORT, controllerName, type Topology } from './addresses.ts';
import type { ClusterHost } from './cluster-host.ts';
import { METRICS_TOKEN, Orchestrator } from './orchestrator.ts';
import { type Finished, run, tryRun } from './run.ts';

/** How to run our own program. */
export interface Program {
  readonly node: string;
  readonly file: string;
}

export interface ClusterOptions extends Topology {
  /** More of k0s's own arguments for a host, by its name. */
  readonly k0sArguments?: (name: string) => readonly string[];
  /** What runs at first. */
  readonly release?: Release;
  /** 1 unless said otherwise; several stand by for each other. */
  readonly orchestrators?: number;
  /** Of the orchestrators. */
  readonly policy?: PolicyLayer;
  /** k0s alone: the cluster does not know our kinds, and nothing of ours is anywhere. */
  readonly bare?: boolean;
  /** Hosts that have no agent. */
  readonly withoutAgent?: readonly string[];
  /** More flags for every agent. */
  readonly agentArguments?: readonly string[];
  /** One short sentence for each thing that is waited for. */
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** What a Plan says of one platform. */
export interface Offer {
  readonly url: string;
  readonly sha256: string;
}

export interface ClusterParts<H extends ClusterHost> {
  /** Everything is below it; removed in the end. */
  readonly folder: string;
  readonly addresses: Addresses;
  readonly loadBalancer: LoadBalancer;
  readonly artifacts: ArtifactServer;
  /** Controllers first. */
  readonly hosts: readonly H[];
  /** Path of the release that runs at first. */
  readonly k0s: string;
  readonly program: Program;
}

const ADMIN_GROUP = 'system:masters';
const START_WITHIN_MS = 240_000;
const LAST_LINES = 4;

/**
 * A whole cluster on one machine: real control planes and kubelets on hosts of some kind, a load balancer,
 * a server of releases, our orchestrators and agents.
 */
export abstract class ClusterBase<H extends ClusterHost = ClusterHost> implements AsyncDisposable {
  readonly folder: string;
  readonly addresses: Addresses;
  readonly loadBalancer: LoadBalancer;
  readonly artifacts: ArtifactServer;
  readonly hosts: readonly H[];
  readonly orchestrators: Orchestrator[] = [];
  /** Of the administrator, through the load balancer. */
  readonly kubeconfig: string;
  /** Where the administrator's kubectl is: a program of that name. */
  readonly kubectlPath: string;
  #kube: Kube | undefined;
  #stopped: Promise<void> | undefined;
  readonly #k0s: string;
  readonly #program: Program;

  protected constructor(parts: ClusterParts<H>) {
    this.folder = parts.folder;
    this.addresses = parts.addresses;
    this.loadBalancer = parts.loadBalancer;
    this.artifacts = parts.artifacts;
    this.hosts = parts.hosts;
    this.kubeconfig = join(parts.folder, 'admin.conf');
    this.kubectlPath = join(parts.folder, 'kubectl');
    this.#k0s = parts.k0s;
    this.#program = parts.program;
  }

  get kube(): Kube {
    this.#kube ??= connect({ kubeconfig: this.kubeconfig, version: 'test' });
    return this.#kube;
  }

  host(name: string): H {
    const host = this.hosts.find((candidate) => candidate.name === name);
    if (host === undefined) throw new Error(`no host ${name} in this cluster`);
    return host;
  }

  /** @returns what kubectl printed; throws when it fails */
  kubectl(...args: readonly string[]): Promise<string> {
    return run(this.kubectlPath, args);
  }

  tryKubectl(args: readonly string[], input?: string): Promise<Finished> {
    return tryRun(this.kubectlPath, args, input === undefined ? {} : { input });
  }

  /** `kubectl apply`, of an object or of YAML. */
  apply(manifest: object | string): Promise<string> {
    const input = typeof manifest === 'string' ? manifest : stringify(manifest);
    return run(this.kubectlPath, ['apply', '-f', '-'], { input });
  }

  async plan(name: string): Promise<Plan | undefined> {
    const { code, stdout } = await this.tryKubectl(['get', 'plan', name, '-o', 'json']);
    return code === 0 ? planSchema.parse(JSON.parse(stdout)) : undefined;
  }

  /** Waits until the Plan is so. @param what ends the sentence "waited for ..." */
  waitForPlan(
    name: string,
    what: string,
    isSo: (plan: Plan) => boolean,
    timeoutMs = 120_000,
  ): Promise<Plan> {
    return eventually(
      `the Plan ${name} ${what}`,
      async () => {
        const plan = await this.plan(name);
        if (plan && isSo(plan)) return plan;
        throw new Error(`it is ${JSON.stringify(plan?.status ?? null)}`);
      },
      { timeoutMs, everyMs: 300 },
    ) as Promise<Plan>;
  }

  /** Serves a release, building it first where the cache has none. */
  async offer(release: Release, progress?: (text: string) => void): Promise<Offer> {
    const [file = ''] = await buildReleases([release], progress);
    const path = pathOf(release);
    const url = this.artifacts.add(path, file);
    return { url, sha256: await this.artifacts.sha256(path) };
  }

  /** A kubeconfig of somebody else. */
  async kubeconfigFor(user: string, groups: readonly string[]): Promise<string> {
    const file = join(this.folder, `${user.replaceAll(/[^a-z0-9-]/g, '_')}.conf`);
    await writeFile(file, await this.#credential(user, groups), { mode: 0o600 });
    return file;
  }

  /** The orchestrator that acts, by its own word. */
  async leader(): Promise<Orchestrator> {
    for (const one of this.orchestrators) if (await one.isLeading()) return one;
    throw new Error('no orchestrator leads');
  }

  /**
   * One more orchestrator, which stands by while another one leads.
   * @param ownHost the controller that it belongs to, as where one runs on each; else to none of these
   */
  async startOrchestrator(policy: PolicyLayer = {}, ownHost?: string): Promise<Orchestrator> {
    const name = `o${this.orchestrators.length + 1}`;
    const kubeconfig = await this.kubeconfigFor('autopilot:orchestrator', []);
    const policyFile = join(this.folder, `${name}.policy.yaml`);
    await writeFile(policyFile, stringify(policy));
    const tokenFile = join(this.folder, 'metrics-token');
    await writeFile(tokenFile, METRICS_TOKEN, { mode: 0o600 });
    const flags = [
      ...['--kubeconfig', kubeconfig, '--policy', policyFile, '--api-port', `${API_PORT}`],
      // Several share a loopback: each takes a port that is free, and says which.
      ...['--metrics-address', '127.0.0.1:0', '--metrics-token-file', tokenFile],
      ...(ownHost === undefined ? [] : ['--own-host', ownHost]),
    ];
    const orchestrator = await Orchestrator.start(this.folder, name, this.#program, flags);
    this.orchestrators.push(orchestrator);
    return orchestrator;
  }

  /** Ends every process that was started here and removes the folder. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    await this.#kube?.close();
    const all = [...this.orchestrators, ...this.hosts];
    await Promise.allSettled(all.map((one) => one.stop({ hard: true })));
    await Promise.allSettled([this.loadBalancer.close(), this.artifacts.close()]);
    await this.release();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Gives back what the hosts stood on. */
  protected async release(): Promise<void> {}

  /** From hosts that have nothing to a cluster that answers, with agents that have reported. */
  protected async bringUp(options: ClusterOptions): Promise<void> {
    const { signal, onProgress: progress = () => {} } = options;
    const count = this.hosts.length;
    progress(`installing ${count} hosts`);
    for (const host of this.hosts) await host.install(this.#k0s, this.addresses);
    await this.#handOutCredentials();
    progress(`starting ${count} hosts`);
    await Promise.all(this.hosts.map((host) => host.start()));
    progress('the API to answer');
    const names = this.addresses.controllers.map((_, i) => controllerName(i));
    const within = { timeoutMs: START_WITHIN_MS, signal };
    await eventually(
      'all API servers to be ready',
      () => names.every((name) => this.loadBalancer.ready().includes(name)),
      within,
    );
    const withAgent = this.hosts.filter(({ name }) => hasAgent(name, options));
    if (!options.bare) {
      progress('the API to know Plans');
      await this.#install();
      await Promise.all(withAgent.map((host) => host.tell('agent', 'start')));
      const { orchestrators = 1 } = options;
      for (let i = 0; i < orchestrators; i++) {
        // A lone one has nobody to hand over to.
        const ownHost = orchestrators > 1 ? this.hosts[i]?.controlNodeName : undefined;
        await this.startOrchestrator(options.policy, ownHost);
      }
    }
    progress('every node to be ready, with its agent');
    const joined = { ...within, everyMs: 300 };
    try {
      await eventually('every host to have joined', () => this.#allJoined(options), joined);
    } catch (thrown) {
      // What stands in a log is gone with the hosts.
      const said = await Promise.all(withAgent.map(lastOfAgent));
      throw new Error(`${(thrown as Error).message}\n${said.join('\n')}`, { cause: thrown });
    }
  }

  async #handOutCredentials(): Promise<void> {
    const token = (role: Role) => this.hosts[0]!.k0s('token', 'create', '--role', role);
    const tokens = { controller: await token('controller'), worker: await token('worker') };
    for (const [i, host] of this.hosts.entries()) {
      if (i > 0) await host.giveToken(tokens[host.role]);
      if (host.role === 'worker') continue;
      const user = `autopilot:control-node:${host.controlNodeName}`;
      await host.giveAgentKubeconfig(await this.#credential(user, ['autopilot:control-nodes']));
    }
    const admin = await this.#credential('admin', [ADMIN_GROUP]);
    writeFileSync(this.kubeconfig, admin, { mode: 0o600 });
    writeFileSync(
      this.kubectlPath,
      `#!/bin/sh\nKUBECONFIG=\${KUBECONFIG:-${this.kubeconfig}} exec ${this.#k0s} kubectl "$@"\n`,
    );
    chmodSync(this.kubectlPath, 0o755);
  }

  /** For the API as the load balancer offers it. */
  #credential(user: string, groups: readonly string[]): Promise<string> {
    return this.hosts[0]!.k0s('kubeconfig', 'create', user, '--groups', groups.join(','));
  }

  /** What an administrator installs: our kinds, then what may be done with them. */
  async #install(): Promise<void> {
    const manifest = join(import.meta.dirname, '../../../deploy/install.yaml');
    await this.kubectl('apply', '--server-side', '-f', manifest);
    const established = ['--for=condition=Established', '--timeout=60s'];
    await this.kubectl('wait', 'crd', '--all', ...established);
  }

  async #allJoined(options: ClusterOptions): Promise<boolean> {
    const kinds = options.bare ? 'nodes' : 'nodes,controlnodes';
    const found = JSON.parse(await this.kubectl('get', kinds, '-o', 'json')) as {
      items: {
        kind: string;
        metadata: { name: string; annotations?: Record<string, string> };
        status?: { conditions?: { type: string; status: string }[] };
      }[];
    };
    const named = (kind: string, name: string) =>
      found.items.find((item) => item.kind === kind && item.metadata.name === name);
    for (const host of this.hosts) {
      const { name, nodeName, controlNodeName } = host;
      if (nodeName !== undefined) {
        const node = named('Node', nodeName);
        if (node === undefined) throw new Error(`${name} has not joined`);
        const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
        if (ready?.status !== 'True') throw new Error(`${name} is not Ready`);
      }
      if (!hasAgent(name, options)) continue;
      const object =
        controlNodeName === undefined
          ? named('Node', nodeName ?? name)
          : named('ControlNode', controlNodeName);
      if (!object?.metadata.annotations?.['autopilot.k0sproject.io/report']) {
        throw new Error(`the agent of ${name} has not reported`);
      }
    }
    return true;
  }
}

function hasAgent(name: string, { bare, withoutAgent }: ClusterOptions): boolean {
  return !bare && !withoutAgent?.includes(name);
}

async function lastOfAgent(host: ClusterHost): Promise<string> {
  const log = await host.log('agent').catch((thrown: unknown) => String(thrown));
  const lines = log.trim().split('\n').slice(-LAST_LINES).join('\n');
  return `the agent of ${host.name} last said:\n${lines}`;
}
