import { readFile } from 'node:fs/promises';
import { askSocket } from '../../../src/node-agent/unix-http-client.ts';
import type { ServiceView } from '../../../tools/minihost/service.ts';
import { Init, type ServiceSpec } from './init.ts';
import { type HostPlaces, k0sArguments } from './k0s.ts';

export interface K0sStatus {
  readonly version: string;
  readonly pid: number;
}

/** How to run our own program. */
export interface Program {
  readonly node: string;
  readonly file: string;
}

export interface HostOptions {
  readonly places: HostPlaces;
  readonly program: Program;
  /** Has a token: it is not the first controller. */
  readonly joins: boolean;
  /** Without it the host is k0s alone. */
  readonly agent: boolean;
  readonly agentArguments?: readonly string[];
}

/** After a crash; k0s's own units wait for 10 s. */
const AGENT_RESTART_MS = 1_000;
const K0S_RESTART_MS = 10_000;

/** One machine of a simulated cluster: k0s and, as a second service, our agent. */
export class SimulatedHost {
  readonly places: HostPlaces;
  readonly #init: Init;

  constructor(options: HostOptions) {
    this.places = options.places;
    this.#init = new Init(options.places.folder, servicesOf(options));
  }

  get name(): string {
    return this.places.name;
  }

  start(): Promise<void> {
    return this.#init.start();
  }

  stop(options?: { readonly hard?: boolean }): Promise<void> {
    return this.#init.stop(options);
  }

  service(name: 'k0s' | 'agent'): Promise<ServiceView> {
    return this.#init.service(name);
  }

  /** A crash: it is started again after the delay that its unit has. */
  async kill(name: 'k0s' | 'agent'): Promise<void> {
    await this.#init.tell(name, 'kill');
  }

  /** Stays down until it is told to `start`. */
  async tell(name: 'k0s' | 'agent', verb: 'start' | 'stop' | 'restart'): Promise<void> {
    await this.#init.tell(name, verb);
  }

  /** What k0s says of itself; throws while it says nothing. */
  async k0sStatus(): Promise<K0sStatus> {
    const { body } = await askSocket(this.places.statusSocket, 'GET', '/status', 5_000);
    const { Version, Pid } = JSON.parse(body) as { Version: string; Pid: number };
    return { version: Version, pid: Pid };
  }

  log(service: 'k0s' | 'agent' | 'init'): Promise<string> {
    return readFile(this.#init.logOf(service), 'utf8');
  }
}

function servicesOf({ places, program, joins, agent, agentArguments }: HostOptions): ServiceSpec[] {
  const env = { AUTOPILOT_HOSTNAME: places.name };
  const k0s: ServiceSpec = {
    name: 'k0s',
    argv: [places.binary, ...k0sArguments(places, joins)],
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
