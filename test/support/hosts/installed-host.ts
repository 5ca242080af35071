import { basename } from 'node:path';
import { stringify } from 'yaml';
import { PROGRAM } from '../../../src/install/units-systemd.ts';
import { askSocket } from '../../../src/node-agent/unix-http-client.ts';
import type { Addresses, HostInCluster } from '../cluster/addresses.ts';
import type { ClusterHost, K0sStatus, ServiceName } from '../cluster/cluster-host.ts';
import { residentMegabytes } from '../cluster/host.ts';
import { clusterConfig, k0sArguments } from '../cluster/k0s.ts';
import type { Host } from './host.ts';
import { type K0sLayout, layoutArguments } from './k0s-layout.ts';
import { k0sService } from './k0s-service.ts';
import { enableService, killService, tellService, viewService } from './services.ts';

export interface InstalledHostOptions {
  readonly host: Host;
  readonly place: HostInCluster;
  /** Has a token: it is not the first controller. */
  readonly joins: boolean;
  readonly agentArguments: readonly string[];
  readonly layout: K0sLayout;
  /** More of k0s's own. */
  readonly k0sArguments: readonly string[];
}

export const AGENT_STATE = '/var/lib/autopilot';
const CONFIG = '/etc/k0s/k0s.yaml';
const TOKEN = '/etc/k0s/k0stoken';
const AGENT = 'autopilot-agent';

/** A Debian host with k0s and our agent as they are installed in production. It is on. */
export class InstalledHost implements ClusterHost {
  /** The machine, and all that can happen to it. */
  readonly machine: Host;
  readonly name: string;
  readonly role: HostInCluster['role'];
  readonly address: string;
  readonly zone: string | undefined;
  readonly layout: K0sLayout;
  readonly #options: InstalledHostOptions;
  #hasAgent = false;

  constructor(options: InstalledHostOptions) {
    this.#options = options;
    this.machine = options.host;
    this.name = options.place.name;
    this.role = options.place.role;
    this.address = options.place.address;
    this.zone = options.place.zone;
    this.layout = options.layout;
  }

  get nodeName() {
    if (!this.#options.place.hasKubelet) return undefined;
    return this.layout.nodeName ?? this.machine.hostname.toLowerCase();
  }

  get controlNodeName() {
    if (this.role === 'worker') return undefined;
    return this.layout.controlNodeName ?? this.machine.hostname.toLowerCase();
  }

  get binary() {
    return this.machine.pathOnDisk(this.layout.binary);
  }

  /** `k0scontroller` or `k0sworker`. */
  get k0sUnit() {
    return `k0s${this.role}`;
  }

  get followAgent() {
    const { initPid, base } = this.machine;
    const read = base === 'systemd' ? `journalctl -f -u ${AGENT}` : `tail -f /var/log/${AGENT}.log`;
    return `nsenter --target=${initPid} --all --root --wd -- ${read}`;
  }

  async install(release: string, addresses: Addresses): Promise<void> {
    const { machine, role, layout } = this;
    await machine.copyIn(release, layout.binary);
    if (role === 'controller') {
      await machine.write(CONFIG, stringify(clusterConfig(this.address, addresses)));
    }
    const token = this.#options.joins ? TOKEN : undefined;
    const kubelet = layout.nodeName === undefined ? [] : [`--hostname-override=${layout.nodeName}`];
    const argv = [
      layout.binary,
      ...k0sArguments(this.#options.place, { config: CONFIG, token }, kubelet),
      ...layoutArguments(layout, this.#options.place.hasKubelet),
      ...this.#options.k0sArguments,
    ];
    const { controlNodeName } = layout;
    const environment =
      controlNodeName === undefined ? {} : { AUTOPILOT_HOSTNAME: controlNodeName };
    const { path, text, mode } = k0sService(machine.base, this.k0sUnit, { argv, environment });
    await machine.write(path, text, mode);
    await enableService(machine, this.k0sUnit);
  }

  k0s(...args: readonly string[]): Promise<string> {
    const { binary, dataDir } = this.layout;
    return this.machine.must([binary, ...args, '--config', CONFIG, '--data-dir', dataDir]);
  }

  giveToken(token: string): Promise<void> {
    return this.machine.write(TOKEN, token, 0o600);
  }

  /** Not needed: `autopilot install` has k0s make one. */
  async giveAgentKubeconfig(): Promise<void> {}

  start(): Promise<void> {
    return tellService(this.machine, this.k0sUnit, 'start');
  }

  async stop({ hard = false } = {}): Promise<void> {
    if (!hard && this.machine.isOn) await this.machine.powerOff();
    await this.machine[Symbol.asyncDispose]();
  }

  service(name: ServiceName) {
    return viewService(this.machine, this.#unitOf(name));
  }

  kill(name: ServiceName): Promise<void> {
    return killService(this.machine, this.#unitOf(name));
  }

  async tell(name: ServiceName, verb: 'start' | 'stop' | 'restart'): Promise<void> {
    if (name === 'agent' && verb === 'start' && !this.#hasAgent) {
      await this.#installAgent();
      this.#hasAgent = true;
      return;
    }
    await tellService(this.machine, this.#unitOf(name), verb);
  }

  async k0sStatus(): Promise<K0sStatus> {
    const socket = this.machine.path(this.layout.statusSocket);
    const { body } = await askSocket(socket, 'GET', '/status', 5_000);
    const { Version, Pid } = JSON.parse(body) as { Version: string; Pid: number };
    return { version: Version, pid: Pid };
  }

  log(service: ServiceName): Promise<string> {
    const isOpenrcK0s = service === 'k0s' && this.machine.base === 'openrc';
    return this.machine.journal(isOpenrcK0s ? basename(this.layout.binary) : this.#unitOf(service));
  }

  async memory(name: ServiceName): Promise<number> {
    const { pid } = await this.service(name);
    return residentMegabytes(await this.machine.read(`/proc/${pid}/status`));
  }

  #unitOf(name: ServiceName): string {
    return name === 'k0s' ? this.k0sUnit : AGENT;
  }

  /** As an administrator does, who has given it flags beforehand. */
  async #installAgent(): Promise<void> {
    const { machine } = this;
    const folder = machine.base === 'systemd' ? '/etc/default' : '/etc/conf.d';
    const flags = `AUTOPILOT_AGENT_ARGS="${this.#options.agentArguments.join(' ')}"\n`;
    await machine.write(`${folder}/${AGENT}`, flags);
    await machine.must([PROGRAM, 'install', 'agent']);
  }
}
