import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceView } from '../../../tools/minihost/service.ts';
import type { Program } from './cluster-base.ts';
import { Init } from './init.ts';

const SERVICE = 'orchestrator';
/** A killed one is started again at once: what a Deployment would do. */
const RESTART_MS = 1_000;

/** What the orchestrators of a cluster give their metrics to. */
export const METRICS_TOKEN = 'of-the-metrics-of-a-cluster-of-tests';

/** One orchestrator process. */
export class Orchestrator {
  readonly name: string;
  readonly #init: Init;

  private constructor(name: string, init: Init) {
    this.name = name;
    this.#init = init;
  }

  static async start(
    folder: string,
    name: string,
    program: Program,
    flags: readonly string[],
  ): Promise<Orchestrator> {
    const own = join(folder, name);
    for (const part of ['run', 'log']) await mkdir(join(own, part), { recursive: true });
    const argv = [program.node, program.file, 'controller', ...flags];
    const init = new Init(own, [{ name: SERVICE, argv, restartDelayMs: RESTART_MS }]);
    await init.start();
    return new Orchestrator(name, init);
  }

  view(): Promise<ServiceView> {
    return this.#init.service(SERVICE);
  }

  /** A crash; it comes back by itself. */
  async kill(): Promise<void> {
    await this.#init.tell(SERVICE, 'kill');
  }

  async tell(verb: 'start' | 'stop' | 'restart'): Promise<void> {
    await this.#init.tell(SERVICE, verb);
  }

  /** Where its probes and metrics are, since it was last started. */
  async metricsUrl(): Promise<string> {
    const found = [...(await this.log()).matchAll(/"url":"([^"]+)","metrics"/g)].at(-1)?.[1];
    if (found === undefined) throw new Error(`${this.name} has not said where its metrics are`);
    return found;
  }

  async metrics(): Promise<string> {
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
    const answer = await fetch(`${await this.metricsUrl()}/metrics`, { headers });
    if (!answer.ok) throw new Error(`metrics of ${this.name}: ${answer.status}`);
    return answer.text();
  }

  /** @returns false where it does not answer: one that is down leads nothing */
  async isLeading(): Promise<boolean> {
    const text = await this.metrics().catch(() => '');
    return /^autopilot_leader 1$/m.test(text);
  }

  log(): Promise<string> {
    return readFile(this.#init.logOf(SERVICE), 'utf8');
  }

  stop(options?: { readonly hard?: boolean }): Promise<void> {
    return this.#init.stop(options);
  }
}
