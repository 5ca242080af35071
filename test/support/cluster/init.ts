import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askSocket } from '../../../src/node-agent/unix-http-client.ts';
import type { MinihostConfig } from '../../../tools/minihost/config.ts';
import type { ServiceView } from '../../../tools/minihost/service.ts';
import { eventually } from '../eventually.ts';

const MAIN = join(import.meta.dirname, '../../../tools/minihost/main.ts');

/** k0s stops within its own 30 s, else it is killed. */
const END_WITHIN_MS = 40_000;

export type ServiceSpec = Partial<MinihostConfig['services'][number]> &
  Pick<MinihostConfig['services'][number], 'name' | 'argv'>;

/**
 * The init process of one simulated host, and through it the host's services. It ends, and they with it,
 * when our end of its standard input is closed, also by our own death.
 */
export class Init {
  readonly folder: string;
  readonly #control: string;
  readonly #services: readonly ServiceSpec[];
  #child: ChildProcess | undefined;

  constructor(folder: string, services: readonly ServiceSpec[]) {
    this.folder = folder;
    this.#control = Init.controlOf(folder);
    this.#services = services;
  }

  /** Where the agent of the host finds its service manager. */
  static controlOf(folder: string): string {
    return join(folder, 'run', 'init.sock');
  }

  async start(): Promise<void> {
    const config = join(this.folder, 'host.json');
    const services = this.#services.map((service) => ({
      ...service,
      log: this.logOf(service.name),
    }));
    await writeFile(config, JSON.stringify({ control: this.#control, services }, null, 2));
    const log = openSync(this.logOf('init'), 'a');
    const child = spawn(process.execPath, [MAIN, '--config', config], {
      stdio: ['pipe', log, log],
      // Out of the terminal's process group: Ctrl-C is for us, and we end our hosts in order.
      detached: true,
    });
    closeSync(log);
    child.stdin?.on('error', () => {});
    this.#child = child;
    await eventually(`${this.folder} to have an init`, () => {
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}; see its log`);
      return this.#ask('GET', '/services');
    });
  }

  logOf(service: string): string {
    return join(this.folder, 'log', `${service}.log`);
  }

  async service(name: string): Promise<ServiceView> {
    return (await this.#ask('GET', `/services/${name}`)) as ServiceView;
  }

  /** `kill` is a crash: the service is started again after its delay. */
  async tell(name: string, verb: 'start' | 'stop' | 'restart' | 'kill'): Promise<ServiceView> {
    return (await this.#ask('POST', `/services/${name}/${verb}`)) as ServiceView;
  }

  /** Ends the host. `hard` takes no time for orderly ends: its disk is thrown away anyhow. */
  async stop({ hard = false } = {}): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (hard) {
      await Promise.all(
        this.#services.map(({ name }) => this.tell(name, 'kill').catch(() => undefined)),
      );
    }
    child.stdin?.end();
    const impatience = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
    await ended;
    clearTimeout(impatience);
  }

  async #ask(method: 'GET' | 'POST', path: string): Promise<unknown> {
    const { status, body } = await askSocket(this.#control, method, path, END_WITHIN_MS);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${body}`);
    return JSON.parse(body);
  }
}
