import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run, tryRun } from '../cluster/run.ts';
import { makeClusterFolder } from '../cluster/temp.ts';
import { removeLeftoverCgroups } from './cgroup.ts';
import { HostLink } from './link.ts';
import { Namespaces } from './namespaces.ts';
import { makeKeyPair } from './ssh.ts';
import { pickSubnet } from './subnet.ts';

const TRIES = 20;
/** Last numbers of addresses: the router's, then ours, then the hosts'. */
const ROUTER = 1;
const OWN = [2, 3, 4, 5];
const FIRST_HOST = 11;
const LAST_HOST = 250;

let networks = 0;

/**
 * A router of our own that hosts are connected to, each by a cable of its own, and this process as well:
 * it reaches the hosts, and they reach its {@link addresses}. No other network can be reached from there.
 * Everything on it ends with it, and with this process.
 */
export class HostNetwork implements AsyncDisposable {
  /** First three numbers, e.g. `10.133.7`. */
  readonly subnet: string;
  /** Where this process can listen for hosts. */
  readonly addresses: readonly string[];
  /** Everything on disk; removed in the end. */
  readonly folder: string;
  /** Of the administrator of all hosts. */
  readonly privateKeyFile: string;
  readonly #router: Namespaces;
  readonly #hosts = new Set<AsyncDisposable>();
  #lastHost = FIRST_HOST - 1;
  readonly #onExit: () => void;

  private constructor(subnet: string, router: Namespaces, folder: string) {
    this.subnet = subnet;
    this.addresses = OWN.map((last) => `${subnet}.${last}`);
    this.folder = folder;
    this.privateKeyFile = join(folder, 'id_ed25519');
    this.#router = router;
    // The namespaces end by themselves; files do not.
    this.#onExit = () => rmSync(folder, { recursive: true, force: true });
    process.once('exit', this.#onExit);
  }

  /** @throws Error when this is not root, or no network could be made */
  static async start(): Promise<HostNetwork> {
    removeLeftoverCgroups();
    const router = await Namespaces.start(['net']);
    try {
      const name = `ap${process.pid.toString(36)}${(networks++).toString(36)}`;
      const subnet = await connect(router, name);
      const network = new HostNetwork(subnet, router, makeClusterFolder());
      await makeKeyPair(network.privateKeyFile, 'administrator');
      return network;
    } catch (thrown) {
      await router.end();
      throw thrown;
    }
  }

  get gateway(): string {
    return `${this.subnet}.${ROUTER}`;
  }

  /**
   * Connects a host.
   * @param last number of its address, 11 to 250; the next one unless said otherwise
   */
  async plugIn(host: Namespaces, last: number = this.#lastHost + 1): Promise<HostLink> {
    if (last < FIRST_HOST || last > LAST_HOST) {
      throw new Error(
        `hosts are ${FIRST_HOST} to ${LAST_HOST} in their network, and this is ${last}`,
      );
    }
    this.#lastHost = Math.max(this.#lastHost, last);
    const address = `${this.subnet}.${last}`;
    const link = new HostLink({ address, gateway: this.gateway, router: this.#router, host });
    await link.plugIn();
    return link;
  }

  /** It is ended before the network is. */
  adopt(host: AsyncDisposable): void {
    this.#hosts.add(host);
  }

  forget(host: AsyncDisposable): void {
    this.#hosts.delete(host);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#hosts].map((host) => host[Symbol.asyncDispose]()));
    await this.#router.end();
    process.off('exit', this.#onExit);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** @returns the subnet that could be had */
async function connect(router: Namespaces, name: string): Promise<string> {
  await router.run(['ip', 'link', 'set', 'lo', 'up']);
  await router.run(['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
  await run('ip', [
    'link',
    'add',
    name,
    'type',
    'veth',
    'peer',
    'name',
    'test',
    'netns',
    `${router.pid}`,
  ]);
  await run('ip', ['link', 'set', name, 'up']);
  await router.run(['ip', 'link', 'set', 'test', 'up']);
  let last = '';
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const subnet = pickSubnet(await routes(), Math.random);
    const gateway = `${subnet}.${ROUTER}`;
    const own = OWN.map((number) => `${subnet}.${number}`);
    const to = [`${subnet}.0/24`, 'via', gateway, 'dev', name, 'onlink'];
    // Fails when somebody else was first: it is how a subnet is taken.
    const taken = await tryRun('ip', ['route', 'add', ...to]);
    last = taken.stderr;
    if (taken.code !== 0) continue;
    for (const address of own) await run('ip', ['address', 'add', `${address}/32`, 'dev', name]);
    await run('ip', ['route', 'replace', ...to, 'src', own[0]!]);
    await router.run(['ip', 'address', 'add', `${gateway}/32`, 'dev', 'lo']);
    for (const address of own)
      await router.run(['ip', 'route', 'add', `${address}/32`, 'dev', 'test']);
    return subnet;
  }
  throw new Error(
    `no network for hosts could be taken in ${TRIES} tries; ip said at last: ${last}`,
  );
}

async function routes(): Promise<readonly string[]> {
  const lines = await run('ip', ['-4', 'route', 'show', 'table', 'all']);
  return lines
    .split('\n')
    .map((line) => line.replace(/^(local|broadcast|unreachable|blackhole) /, '').split(' ')[0]!);
}
