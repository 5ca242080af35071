import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type HostChanges, run } from './changes-linux.ts';
import { type Manager, unitPath } from './wanted.ts';

/** So long a service has to last before it is believed to run. */
const LASTS_MS = 2000;

/** What is done to services, and how it is undone. */
export class Services {
  readonly #manager: Manager;
  readonly #changes: HostChanges;

  constructor(manager: Manager, changes: HostChanges) {
    this.#manager = manager;
    this.#changes = changes;
  }

  /** Has the manager read what was written. */
  async read(): Promise<void> {
    if (this.#manager === 'systemd') await run(['systemctl', 'daemon-reload']);
  }

  async enable(name: string): Promise<void> {
    if (await this.#isEnabled(name)) return;
    const [on, off] =
      this.#manager === 'systemd'
        ? [
            ['systemctl', 'enable', '--quiet', name],
            ['systemctl', 'disable', '--quiet', name],
          ]
        : [
            ['rc-update', '--quiet', 'add', name, 'default'],
            ['rc-update', '--quiet', 'delete', name, 'default'],
          ];
    await this.#changes.command(`enable ${name}`, on, off);
  }

  /** @param anew it runs something that has been replaced */
  async start(name: string, anew: boolean): Promise<void> {
    const runs = await this.#runs(name);
    if (runs && !anew) return;
    await this.#changes.command(
      `${runs ? 'restart' : 'start'} ${name}`,
      this.#tell(name, runs ? 'restart' : 'start'),
      this.#tell(name, runs ? 'restart' : 'stop'),
    );
  }

  /** Two agents, or an agent beside both, would meet on one host. */
  async stopOther(name: string): Promise<void> {
    if (!existsSync(unitPath(this.#manager, name)) || !(await this.#runs(name))) return;
    await this.#changes.command(
      `stop ${name}`,
      this.#tell(name, 'stop'),
      this.#tell(name, 'start'),
    );
  }

  /** Stopped, never started again, and forgotten. There is no way back. */
  async remove(name: string): Promise<void> {
    const path = unitPath(this.#manager, name);
    if (!existsSync(path)) return;
    if (this.#manager === 'systemd') {
      await this.#changes.command(`disable ${name}`, [
        'systemctl',
        'disable',
        '--quiet',
        '--now',
        name,
      ]);
    } else {
      if (await this.#runs(name)) {
        await this.#changes.command(`stop ${name}`, this.#tell(name, 'stop'));
      }
      if (await this.#isEnabled(name)) {
        const argv = ['rc-update', '--quiet', 'delete', name, 'default'];
        await this.#changes.command(`disable ${name}`, argv);
      }
    }
    await this.#changes.remove(path);
  }

  /** @throws with what the manager says of it, unless it runs and goes on running */
  async mustRun(name: string): Promise<void> {
    await delay(LASTS_MS);
    if (await this.#runs(name)) return;
    const said =
      this.#manager === 'systemd'
        ? await run(['journalctl', '--no-pager', '-n', '5', '-o', 'cat', '-u', name]).catch(String)
        : '';
    throw new Error(`${name} does not go on running${said === '' ? '' : `: ${said.trim()}`}`);
  }

  #tell(name: string, verb: 'start' | 'stop' | 'restart'): readonly string[] {
    return this.#manager === 'systemd'
      ? ['systemctl', verb, name]
      : ['rc-service', '--quiet', name, verb];
  }

  async #runs(name: string): Promise<boolean> {
    return this.#manager === 'systemd'
      ? succeeds(['systemctl', 'is-active', '--quiet', name])
      : succeeds(['rc-service', '--quiet', name, 'status']);
  }

  async #isEnabled(name: string): Promise<boolean> {
    return this.#manager === 'systemd'
      ? succeeds(['systemctl', 'is-enabled', '--quiet', name])
      : existsSync(`/etc/runlevels/default/${name}`);
  }
}

function succeeds(argv: readonly string[]): Promise<boolean> {
  return run(argv).then(
    () => true,
    () => false,
  );
}
