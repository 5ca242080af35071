import type { Role } from '../../../src/api/plan.ts';
import type { ServiceView } from '../../../tools/minihost/service.ts';
import type { Addresses } from './addresses.ts';

export interface K0sStatus {
  readonly version: string;
  readonly pid: number;
}

export type ServiceName = 'k0s' | 'agent';

/** One machine of a cluster, whatever it is made of. */
export interface ClusterHost {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  readonly zone: string | undefined;
  /** Of its Node; undefined where it runs no pods. */
  readonly nodeName: string | undefined;
  /** Of its ControlNode; undefined for a worker. */
  readonly controlNodeName: string | undefined;
  /** Of k0s, as this process can read it. */
  readonly binary: string;
  /** Puts k0s and all that it needs in place; starts nothing of it. */
  install(release: string, addresses: Addresses): Promise<void>;
  /** Runs k0s's command line, with the configuration and the data of this host. @returns what it printed */
  k0s(...args: readonly string[]): Promise<string>;
  /** With which it joins the first controller. */
  giveToken(token: string): Promise<void>;
  /** What the agent of a controller identifies itself with. */
  giveAgentKubeconfig(text: string): Promise<void>;
  /** Starts k0s. */
  start(): Promise<void>;
  /** Ends the host. `hard` takes no time for orderly ends: its disk is thrown away anyhow. */
  stop(options?: { readonly hard?: boolean }): Promise<void>;
  /** `restarts` grows when the process ends by itself. `pid`: of the host's own counting. */
  service(name: ServiceName): Promise<Pick<ServiceView, 'pid' | 'restarts'>>;
  /** A crash: it is started again after the delay that its unit has. */
  kill(name: ServiceName): Promise<void>;
  /** Stays down until it is told to `start`. */
  tell(name: ServiceName, verb: 'start' | 'stop' | 'restart'): Promise<void>;
  /** What k0s says of itself; throws while it says nothing. */
  k0sStatus(): Promise<K0sStatus>;
  log(service: ServiceName): Promise<string>;
  /** A command that shows a person what the agent says, as it says it. */
  readonly followAgent: string;
  /** Resident megabytes of a service's process. */
  memory(name: ServiceName): Promise<number>;
}
