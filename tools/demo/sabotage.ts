import { eventually } from '../../test/support/eventually.ts';
import type { World } from '../../test/support/observe/world.ts';
import type { Stage } from './stage.ts';

/** Kills one of our own programs once, in the middle of the update, and sees that it comes back. */
export class Sabotage {
  /** One sentence, once it has been done. */
  done: string | undefined;
  /** Of a program that was killed and runs again. */
  recovered: Promise<void> | undefined;
  readonly #stage: Stage;
  readonly #victim: 'orchestrator' | 'agent';
  readonly #onDone: (sentence: string) => void;

  constructor(stage: Stage, victim: 'orchestrator' | 'agent', onDone: (sentence: string) => void) {
    this.#stage = stage;
    this.#victim = victim;
    this.#onDone = onDone;
  }

  /** The middle: the first worker has been given its new binary and is not yet judged. */
  see(world: World): void {
    if (this.done !== undefined) return;
    const worker = world.hosts.find(
      ({ role, phase }) => role === 'worker' && (phase === 'Applying' || phase === 'OnTrial'),
    );
    if (worker === undefined) return;
    const { cluster } = this.#stage;
    const victim =
      this.#victim === 'agent'
        ? {
            name: `the agent of ${worker.name}`,
            find: async () => ({
              kill: () => cluster.host(worker.name).kill('agent'),
              view: () => cluster.host(worker.name).service('agent'),
            }),
          }
        : { name: 'the orchestrator that leads', find: () => cluster.leader() };
    this.done = `killed ${victim.name} with SIGKILL while ${worker.name} was ${worker.phase}`;
    this.#onDone(this.done);
    this.recovered = (async () => {
      const found = await victim.find();
      const { pid: killed } = await found.view();
      await found.kill();
      await eventually(`${victim.name} to run again`, async () => {
        const { pid } = await found.view();
        return pid !== null && pid !== killed;
      });
    })();
    // Looked at when the update has ended; until then it is not to end the demo.
    this.recovered.catch(() => {});
  }
}
