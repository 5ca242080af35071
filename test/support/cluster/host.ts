import { readFile, writeFile } from 'node:fs/promises';
import { askSocket } from '../../../src/node-agent/unix-http-client.ts';
import type { ServiceView } from '../../../tools/minihost/service.ts';
import type { Addresses } from './addresses.ts';
import type { Program } from './cluster-base.ts';
import type { ClusterHost, K0sStatus, ServiceName } from './cluster-host.ts';
import { Init, type ServiceSpec } from './init.ts';
import { type HostPlaces, installHost, k0sArguments } from './k0s.ts';
import { run } from './run.ts';

export interface HostOptions {
  readonly places: HostPlaces;
  readonly program: Program;
  /** Has a token: it is not the first controller. */
  readonly joins: boolean;
  /** Without it the host is k0s alone. */
  readonly agent: boolean;
  readonly agentArguments?: readonly string[];
  /** More of k0s's own. */
  readonly k0sArguments: readonly string[];
}

/** After a crash; k0s's own units wait for 10 s. */
const AGENT_RESTART_MS = 1_000;
const K0S_RESTART_MS = 10_000;

/** One machine of a simulated cluster: k0s and, as a second service, our agent. */
export class SimulatedHost implements ClusterHost {
  readonly places: HostPlaces;
  readonly #init: Init;

  constructor(options: HostOptions) {
    this.places = options.places;
    this.#init = new Init(options.places.folder, servicesOf(options));
  }

  get name() {
    return this.places.name;
  }

  get role() {
    return this.places.role;
  }

  get address() {
    return this.places.address;
  }

  get zone() {
    return this.places.zone;
  }

  get nodeName() {
    return this.places.hasKubelet ? this.name : undefined;
  }

  get controlNodeName() {
    return this.role === 'controller' ? this.name : undefined;
  }

  get binary() {
    return this.places.binary;
  }

  get followAgent() {
    return `tail -f ${this.#init.logOf('agent')}`;
  }

  install(release: string, addresses: Addresses): Promise<void> {
    return installHost(this.places, release, addresses);
  }

  k0s(...args: readonly string[]): Promise<string> {
    const { binary, config, dataDir } = this.places;
    return run(binary, [...args, '--config', config, '--data-dir', dataDir]);
  }

  giveToken(token: string): Promise<void> {
    return writeFile(this.places.token, token, { mode: 0o600 });
  }

  giveAgentKubeconfig(text: string): Promise<void> {
    return writeFile(this.places.agentKubeconfig, text, { mode: 0o600 });
  }

  start(): Promise<void> {
    return this.#init.start();
  }

  stop(options?: { readonly hard?: boolean }): Promise<void> {
    return this.#init.stop(options);
  }

  service(name: ServiceName): Promise<ServiceView> {
    return this.#init.service(name);
  }

  async kill(name: ServiceName): Promise<void> {
    await this.#init.tell(name, 'kill');
  }

  async tell(name: ServiceName, verb: 'start' | 'stop' | 'restart'): Promise<void> {
    await this.#init.tell(name, verb);
  }

  async k0sStatus(): Promise<K0sStatus> {
    const { body } = await askSocket(this.places.statusSocket, 'GET', '/status', 5_000);
    const { Version, Pid } = JSON.parse(body) as { Version: string; Pid: number };
    return { version: Version, pid: Pid };
  }

  log(service: ServiceName | 'init'): Promise<string> {
    return readFile(this.#init.logOf(service), 'utf8');
  }

  async memory(name: ServiceName): Promise<number> {
    const { pid } = await this.service(name);
    return residentMegabytes(await readFile(`/proc/${pid}/status`, 'utf8'));
  }
}

/** @param status what /proc/PID/status holds */
export function residentMegabytes(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

function servicesOf(options: HostOptions): ServiceSpec[] {
  const { places, program, joins, agent, agentArguments } = options;
  const env = { AUTOPILOT_HOSTNAME: places.name, K0MINI_HOSTNAME: places.name };
  const token = joins ? places.token : undefined;
  const k0s: ServiceSpec = {
    name: 'k0s',
    argv: [
      ...[places.binary, ...k0sArguments(places, { config: places.config, token })],
      ...['--data-dir', places.dataDir, '--run-dir', places.runDir],
      ...options.k0sArguments,
    ],
    env,
    restartDelayMs: K0S_RESTART_MS,
  };
  if (!agent) return [k0s];
  const flags = {
    role: places.role,
    kubeconfig: places.agentKubeconfig,
    service: `supervised:${Init.controlOf(places.folder)}`,
    binary: places.binary,
    'state-dir': places.agentState,
    'status-socket': places.statusSocket,
    'data-dir': places.dataDir,
  };
  const argv = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  return [
    k0s,
    {
      name: 'agent',
      argv: [program.node, program.file, 'agent', ...argv, ...(agentArguments ?? [])],
      env,
      restartDelayMs: AGENT_RESTART_MS,
      // Told to start once the API knows ControlNodes: its patience with a cluster that does not is longer.
      autostart: false,
    },
  ];
}
