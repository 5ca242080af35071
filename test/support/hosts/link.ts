import type { Namespaces } from './namespaces.ts';

/** What packets may queue for before they are dropped: a home router's patience. */
const QUEUE = ['burst', '32kb', 'latency', '100ms'];
const TABLE = 'hosts';

/** The cable between one host and the router, and what can be wrong with it. */
export class HostLink {
  readonly address: string;
  readonly #gateway: string;
  readonly #router: Namespaces;
  readonly #host: Namespaces;
  /** Of the router's end; the host's is eth0. */
  readonly #name: string;

  constructor(parts: {
    address: string;
    gateway: string;
    router: Namespaces;
    host: Namespaces;
  }) {
    this.address = parts.address;
    this.#gateway = parts.gateway;
    this.#router = parts.router;
    this.#host = parts.host;
    this.#name = `host${parts.address.split('.').at(-1)}`;
  }

  async plugIn(): Promise<void> {
    await this.#ip(
      this.#router,
      `link add ${this.#name} type veth peer name eth0 netns ${this.#host.pid}`,
    );
    await this.reconnect();
  }

  /** What a host does with its network when it boots; nothing of what it had changed is left. */
  async configure(): Promise<void> {
    await this.#ip(
      this.#host,
      'link set lo up',
      'address flush dev eth0',
      'link set eth0 up',
      `address add ${this.address}/32 dev eth0`,
      // The only way out, also to its neighbours: a host without it is alone.
      `route replace default via ${this.#gateway} dev eth0 onlink src ${this.address}`,
    );
    await this.#host.run(['nft', 'flush', 'ruleset']);
  }

  /** The cable is pulled out. */
  cutOff(): Promise<void> {
    return this.#ip(this.#router, `link set ${this.#name} down`);
  }

  /** And put in again. */
  reconnect(): Promise<void> {
    return this.#ip(
      this.#router,
      `link set ${this.#name} up`,
      // It went with the link.
      `route replace ${this.address}/32 dev ${this.#name}`,
    );
  }

  /** Both ways, each on its own. */
  async slow({ mbitPerSecond }: { readonly mbitPerSecond: number }): Promise<void> {
    const shape = ['root', 'tbf', 'rate', `${mbitPerSecond}mbit`, ...QUEUE];
    await this.#router.run(['tc', 'qdisc', 'replace', 'dev', this.#name, ...shape]);
    await this.#host.run(['tc', 'qdisc', 'replace', 'dev', 'eth0', ...shape]);
  }

  /** So many packets of a hundred, each way, at random. */
  async lose({ percent }: { readonly percent: number }): Promise<void> {
    await this.#loseNothing();
    // nft refuses a comparison that is always true.
    const rule =
      percent >= 100 ? 'drop' : `numgen random mod 1000 < ${Math.round(percent * 10)} drop`;
    await this.#nft(`table ip ${TABLE} {
      chain ${this.#name} {
        type filter hook forward priority 0;
        iifname "${this.#name}" ${rule}
        oifname "${this.#name}" ${rule}
      }
    }`);
  }

  /** Neither slow nor losing; a cable that was pulled out stays so. */
  async steady(): Promise<void> {
    await this.#loseNothing();
    // There may be none, which is as good.
    await this.#router.tryRun(['tc', 'qdisc', 'del', 'dev', this.#name, 'root']);
    await this.#host.tryRun(['tc', 'qdisc', 'del', 'dev', 'eth0', 'root']);
  }

  #loseNothing(): Promise<void> {
    return this.#nft(
      `table ip ${TABLE} { chain ${this.#name} { type filter hook forward priority 0; }; }`,
      `flush chain ip ${TABLE} ${this.#name}`,
    );
  }

  async #nft(...commands: readonly string[]): Promise<void> {
    await this.#router.run(['nft', '-f', '-'], { input: `${commands.join('\n')}\n` });
  }

  async #ip(where: Namespaces, ...commands: readonly string[]): Promise<void> {
    await where.run(['ip', '-batch', '-'], { input: `${commands.join('\n')}\n` });
  }
}
