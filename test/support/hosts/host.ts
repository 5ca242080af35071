import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildBase } from '../../../tools/hosts/base.ts';
import type { InitName } from '../../../tools/hosts/recipe.ts';
import { type Finished, tryRun } from '../cluster/run.ts';
import { eventually } from '../eventually.ts';
import { Cgroup } from './cgroup.ts';
import { Disk } from './disk.ts';
import { giveIdentity } from './identity.ts';
import { INIT_KNOWLEDGE } from './inits.ts';
import type { HostLink } from './link.ts';
import { Namespaces } from './namespaces.ts';
import type { HostNetwork } from './network.ts';
import { Nspawn } from './nspawn.ts';
import { makeKeyPair, type SshEndpoint } from './ssh.ts';

export interface HostOptions {
  /** What it is called here. */
  readonly name: string;
  /** What it calls itself; its name unless said otherwise. */
  readonly hostname?: string;
  /** Its service manager; systemd unless said otherwise. */
  readonly base?: InitName;
  /** Folders that it sees laid over its base, the topmost first. Shared: nobody writes to them. */
  readonly layers?: readonly string[];
  /** 4 GiB unless said otherwise; only what is written takes room. */
  readonly diskBytes?: number;
  /** Last number of its address; the next free one unless said otherwise. */
  readonly addressEnds?: number;
  readonly onProgress?: (text: string) => void;
}

export interface RunInHostOptions {
  /** Given to the program's standard input. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

const DISK_BYTES = 4 * 1024 ** 3;
const UP_WITHIN_MS = 60_000;
const FILLER = '/.filler';
const ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'LANG=C.UTF-8',
];
const NSENTER_INTO_HOST = ['mount', 'uts', 'ipc', 'net', 'pid', 'cgroup', 'root', 'wd'];

/**
 * A Debian machine with an init, a network and a disk of its own. It is off at first. What it has on its
 * disk can be read and written whether it is off or on.
 */
export class Host implements AsyncDisposable {
  readonly name: string;
  readonly hostname: string;
  readonly base: InitName;
  readonly link: HostLink;
  readonly ssh: SshEndpoint;
  /** File with all that it has printed on its console, over all boots. */
  readonly console: string;
  readonly #network: HostNetwork;
  readonly #namespaces: Namespaces;
  readonly #disk: Disk;
  #cgroup: Cgroup | undefined;
  #nspawn: Nspawn | undefined;
  /** Resolves when the boot has ended, and the next one has begun if there is one. */
  #over: Promise<void> = Promise.resolve();
  #bootsAgain = true;
  /** Of a boot that the host began by itself. */
  #failure: unknown;

  private constructor(parts: {
    name: string;
    hostname: string;
    base: InitName;
    link: HostLink;
    ssh: SshEndpoint;
    console: string;
    network: HostNetwork;
    namespaces: Namespaces;
    disk: Disk;
  }) {
    this.name = parts.name;
    this.hostname = parts.hostname;
    this.base = parts.base;
    this.link = parts.link;
    this.ssh = parts.ssh;
    this.console = parts.console;
    this.#network = parts.network;
    this.#namespaces = parts.namespaces;
    this.#disk = parts.disk;
  }

  /** @throws whatever went wrong, after everything that had been made was ended */
  static async make(network: HostNetwork, options: HostOptions): Promise<Host> {
    const { name, hostname = name, base = 'systemd', layers = [] } = options;
    const { diskBytes = DISK_BYTES } = options;
    const lowest = await buildBase(base, options.onProgress);
    const folder = join(network.folder, name);
    await mkdir(folder);
    const namespaces = await Namespaces.start(['mount', 'pid', 'net']);
    try {
      // systemd-nspawn keeps notes there, which would outlive a host that ends suddenly.
      await namespaces.run(['mount', '-t', 'tmpfs', 'tmpfs', '/run']);
      const disk = new Disk({
        namespaces,
        folder,
        sizeBytes: diskBytes,
        layers: [...layers, lowest],
      });
      await disk.make();
      const link = await network.plugIn(namespaces, options.addressEnds);
      const hostKeyFile = join(folder, 'ssh_host_ed25519_key');
      const { privateKeyFile } = network;
      const ssh = {
        address: link.address,
        port: 22,
        user: 'root',
        privateKeyFile,
        hostKey: await makeKeyPair(hostKeyFile, name),
      };
      const console = join(folder, 'console.log');
      const host = new Host({
        name,
        hostname,
        base,
        link,
        ssh,
        console,
        network,
        namespaces,
        disk,
      });
      await giveIdentity(host, { hostKeyFile, administratorKeyFile: privateKeyFile });
      network.adopt(host);
      return host;
    } catch (thrown) {
      await namespaces.end();
      throw thrown;
    }
  }

  get address(): string {
    return this.link.address;
  }

  get isOn(): boolean {
    return this.#nspawn !== undefined;
  }

  /** Of its init, as this process sees it. @throws when it is off */
  get initPid(): number {
    if (this.#nspawn === undefined) throw new Error(`${this.name} is off`);
    return this.#nspawn.initPid;
  }

  /** Switches it on. Resolves when it is up: its init has nothing more to start. */
  async boot(): Promise<void> {
    if (this.isOn) throw new Error(`${this.name} is on already`);
    await this.#powerOn();
    await this.untilUp();
  }

  /** Waits for the end of a boot, also of one that the host itself has begun. */
  async untilUp(): Promise<void> {
    await eventually(
      `${this.name} to be up`,
      async () => {
        if (this.#failure !== undefined) throw this.#failure;
        if (!this.isOn) throw new Error('it is off');
        const { stdout, stderr } = await this.run(INIT_KNOWLEDGE[this.base].isUp);
        if (stdout.trim() === 'up') return true;
        throw new Error(`its init says: ${stdout}${stderr}; see ${this.console}`);
      },
      { timeoutMs: UP_WITHIN_MS, everyMs: 20 },
    );
  }

  /** In good order: services are stopped, what is to be written is. Resolves when it is off. */
  async powerOff(): Promise<void> {
    process.kill(this.initPid, INIT_KNOWLEDGE[this.base].powerOff);
    await this.#over;
  }

  /** In good order. Resolves when it is up again. */
  async reboot(): Promise<void> {
    process.kill(this.initPid, INIT_KNOWLEDGE[this.base].reboot);
    await this.#over;
    await this.untilUp();
  }

  /**
   * Takes its power away: everything stops at one instant, and what no program had synced may be lost, as
   * on a real disk. Resolves when it is off.
   */
  async powerCut(): Promise<void> {
    const { initPid } = this;
    this.#bootsAgain = false;
    await this.#cgroup?.freeze();
    await this.#disk.cut();
    process.kill(initPid, 'SIGKILL');
    this.#cgroup?.thaw();
    await this.#over;
    await this.#disk.unmount();
    await this.#disk.mount();
  }

  /** Runs a program as root, at its end, whatever that is. */
  run(argv: readonly string[], options: RunInHostOptions = {}): Promise<Finished> {
    const guests = this.#cgroup?.guests ?? '';
    return tryRun(
      'sh',
      [
        ...['-c', 'echo 0 >"$0"/cgroup.procs && exec "$@"', guests],
        ...['nsenter', `--target=${this.initPid}`, ...NSENTER_INTO_HOST.map((kind) => `--${kind}`)],
        ...['--', 'env', '-i', ...ENVIRONMENT, ...argv],
      ],
      options,
    );
  }

  /** Runs a program that must succeed. @returns what it printed */
  async must(argv: readonly string[], options?: RunInHostOptions): Promise<string> {
    const { code, stdout, stderr } = await this.run(argv, options);
    if (code === 0) return stdout;
    const said = stderr.trim() || stdout.trim();
    throw new Error(`on ${this.name}, ${argv.join(' ')} ended with ${code}: ${said}`);
  }

  /**
   * A path that this process can use. While the host is on that is what the host sees, /run and /proc too;
   * while it is off, its disk. Absolute links on the way lead out of the host.
   */
  path(inside: string): string {
    return this.isOn ? join(`/proc/${this.initPid}/root`, inside) : this.#disk.path(inside);
  }

  /** The same for what is on its disk: stays right when the host goes off and on. */
  pathOnDisk(inside: string): string {
    return this.#disk.path(inside);
  }

  read(inside: string): Promise<string> {
    return readFile(this.path(inside), 'utf8');
  }

  /** Its folder is made. @param mode 0o644 unless said otherwise */
  async write(inside: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    const path = this.path(inside);
    await mkdir(dirname(path), { recursive: true });
    await rm(path, { force: true });
    await writeFile(path, content, { mode });
  }

  /** Copies a file of this machine. */
  async copyIn(file: string, inside: string): Promise<void> {
    const path = this.path(inside);
    await mkdir(dirname(path), { recursive: true });
    await copyFile(file, path);
  }

  exists(inside: string): boolean {
    return existsSync(this.path(inside));
  }

  async remove(inside: string): Promise<void> {
    await rm(this.path(inside), { recursive: true, force: true });
  }

  /** What a service has said, over all boots. */
  async journal(unit: string): Promise<string> {
    return (await this.run(INIT_KNOWLEDGE[this.base].journal(unit))).stdout;
  }

  /** Changes with every boot. */
  async bootId(): Promise<string> {
    return (await this.must(['cat', '/proc/sys/kernel/random/boot_id'])).trim();
  }

  /** All its processes stop where they are, and do not know; the network still takes packets in. */
  async freeze(): Promise<void> {
    await this.#cgroup?.freeze();
  }

  thaw(): void {
    this.#cgroup?.thaw();
  }

  cutOff(): Promise<void> {
    return this.link.cutOff();
  }

  reconnect(): Promise<void> {
    return this.link.reconnect();
  }

  slow(how: { readonly mbitPerSecond: number }): Promise<void> {
    return this.link.slow(how);
  }

  lose(how: { readonly percent: number }): Promise<void> {
    return this.link.lose(how);
  }

  steady(): Promise<void> {
    return this.link.steady();
  }

  /** Bytes that can still be written to its disk. */
  freeBytes(): Promise<number> {
    return this.#disk.free();
  }

  /** Takes the room on its disk. */
  async fill({ leaveBytes }: { readonly leaveBytes: number }): Promise<void> {
    const taken = (await this.freeBytes()) - leaveBytes;
    if (taken <= 0) return;
    await this.#namespaces.run(['fallocate', '-l', `${taken}`, join(this.#disk.root, FILLER)]);
  }

  /** Gives it back. */
  async empty(): Promise<void> {
    await rm(this.#disk.path(FILLER), { force: true });
  }

  /** Ends it at once, with everything that it had. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#bootsAgain = false;
    this.#network.forget(this);
    if (this.#nspawn !== undefined) {
      process.kill(this.#nspawn.initPid, 'SIGKILL');
      this.#cgroup?.thaw();
      await this.#over;
    }
    await this.#namespaces.end();
    await rm(dirname(this.console), { recursive: true, force: true });
  }

  async #powerOn(): Promise<void> {
    this.#failure = undefined;
    this.#bootsAgain = true;
    await this.link.configure();
    // What was written before belongs to a disk that was switched off in good order.
    await this.#disk.sync();
    const cgroup = new Cgroup(this.name);
    const nspawn = await Nspawn.boot({
      namespaces: this.#namespaces,
      cgroup,
      hostname: this.hostname,
      root: this.#disk.root,
      console: this.console,
    });
    this.#cgroup = cgroup;
    this.#nspawn = nspawn;
    this.#over = this.#follow(nspawn, cgroup);
  }

  async #follow(nspawn: Nspawn, cgroup: Cgroup): Promise<void> {
    const how = await nspawn.ended;
    this.#nspawn = undefined;
    this.#cgroup = undefined;
    await cgroup.remove();
    if (how === 'off' || !this.#bootsAgain) return;
    try {
      await this.#powerOn();
    } catch (thrown) {
      // Told to whoever waits for the host to be up.
      this.#failure = thrown;
    }
  }
}
