import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
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
  /** Without it the host is k0s alone. */
  readonly agent: boolean;
  readonly agentArguments: readonly string[];
  readonly layout: K0sLayout;
  /** More of k0s's own. */
  readonly k0sArguments: readonly string[];
}

export const AGENT_STATE = '/var/lib/autopilot';
const CONFIG = '/etc/k0s/k0s.yaml';
const TOKEN = '/etc/k0s/k0stoken';
const AGENT = 'autopilot-agent';
const SETTLE = 'autopilot-settle';
const AGENT_KUBECONFIG = '/etc/autopilot/kubeconfig';
const DEPLOY = join(import.meta.dirname, '../../../deploy');

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
    if (!this.#options.agent) return;
    await this.#installAgent();
    await enableService(machine, SETTLE);
  }

  k0s(...args: readonly string[]): Promise<string> {
    const { binary, dataDir } = this.layout;
    return this.machine.must([binary, ...args, '--config', CONFIG, '--data-dir', dataDir]);
  }

  giveToken(token: string): Promise<void> {
    return this.machine.write(TOKEN, token, 0o600);
  }

  giveAgentKubeconfig(text: string): Promise<void> {
    return this.machine.write(AGENT_KUBECONFIG, text, 0o600);
  }

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
    // From now on at every boot; not before, when the API does not know ControlNodes.
    if (name === 'agent' && verb === 'start') await enableService(this.machine, AGENT);
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

  /** The files that ship, and what an administrator adds to them. */
  async #installAgent(): Promise<void> {
    const { machine } = this;
    const shipped = (file: string) => readFile(join(DEPLOY, machine.base, file), 'utf8');
    const flags = `AUTOPILOT_AGENT_ARGS="${this.#options.agentArguments.join(' ')}"\n`;
    if (machine.base === 'systemd') {
      for (const unit of [AGENT, SETTLE].map((name) => `${name}.service`)) {
        await machine.write(`/etc/systemd/system/${unit}`, await shipped(unit));
      }
      await machine.write(`/etc/default/${AGENT}`, flags);
      return;
    }
    for (const script of [AGENT, SETTLE]) {
      await machine.write(`/etc/init.d/${script}`, await shipped(script), 0o755);
      await machine.write(`/etc/conf.d/${script}`, flags);
    }
  }
}
