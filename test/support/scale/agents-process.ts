import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ApiServer } from '../api-server.ts';
import type { AgentsInput, FromAgents, ToAgents } from './agents.ts';
import type { Moments } from './moments.ts';

/** The process of all simulated agents, and what it tells. */
export class AgentsProcess {
  readonly moments: Moments;
  /** What went wrong in it, one message each. */
  readonly troubles: string[] = [];
  readonly #child: ChildProcess;
  readonly #done = Promise.withResolvers<number>();

  private constructor(child: ChildProcess, moments: Moments) {
    this.#child = child;
    this.moments = moments;
    // Mostly nobody waits for it.
    this.#done.promise.catch(() => {});
  }

  static async start(
    api: ApiServer,
    moments: Moments,
    input: Omit<AgentsInput, 'kubeconfig'>,
  ): Promise<AgentsProcess> {
    const kubeconfig = await api.kubeconfig('simulated-agents', ['system:masters']);
    const file = join(import.meta.dirname, 'agents.ts');
    const child = fork(file, [JSON.stringify({ ...input, kubeconfig } satisfies AgentsInput)]);
    const agents = new AgentsProcess(child, moments);
    const ready = Promise.withResolvers<void>();
    child.on('message', (message: FromAgents) => {
      if (message.kind === 'noted') moments.note(message.moments);
      else if (message.kind === 'ready') ready.resolve();
      else if (message.kind === 'done') agents.#done.resolve(message.seconds);
      else {
        if (agents.troubles.length < 5) console.error(message.message);
        agents.troubles.push(message.message);
      }
    });
    child.once('exit', (code) => {
      const error = new Error(`the agents ended with ${code}`);
      ready.reject(error);
      agents.#done.reject(error);
    });
    await ready.promise;
    return agents;
  }

  tell(message: ToAgents): void {
    this.#child.send(message);
  }

  /** @returns seconds until all nodes were updated by nobody's judgement */
  floor(kubeconfig: string, concurrent: number): Promise<number> {
    this.tell({ kind: 'floor', kubeconfig, concurrent });
    return this.#done.promise;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}
