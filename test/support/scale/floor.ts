import type { Kube } from '../../../src/kube/client.ts';
import { perform } from '../../../src/kube/perform.ts';
import type { Action } from '../../../src/plans/facts.ts';
import { orderIdOf } from '../../../src/plans/target.ts';
import { formatOrder, type Goal, type Order } from '../../../src/signals/order.ts';
import type { Moment } from './agent.ts';
import { NEW, NEW_SHA } from './nodes.ts';

const RUN = 'nobody-1';

/**
 * All that a run writes to nodes, as fast as they answer, and judged by nobody: nothing is watched or decided, no
 * status is kept. No orchestrator can be faster with the same API server on the same machine.
 */
export class Floor {
  readonly #kube: Kube;
  readonly #waiting = new Map<string, () => void>();

  /** @param kube with the rights of the orchestrator */
  constructor(kube: Kube) {
    this.#kube = kube;
  }

  /** Told what the agents do. */
  note(node: string, moment: Moment): void {
    const key = `${node} ${moment}`;
    this.#waiting.get(key)?.();
    this.#waiting.delete(key);
  }

  async run(nodes: readonly string[], concurrent: number): Promise<void> {
    const left = [...nodes];
    const work = async () => {
      for (let node = left.shift(); node !== undefined; node = left.shift()) {
        await this.#update(node);
      }
    };
    await Promise.all(Array.from({ length: concurrent }, work));
  }

  /** The four writes of a worker, each when the one before was answered. @see docs/adr/0044-writes-of-a-run.md */
  async #update(name: string): Promise<void> {
    const orderId = orderIdOf(RUN, 0, 1);
    const [stage, apply, commit] = [orderTo('stage'), orderTo('apply'), orderTo('commit')];
    await this.#write(name, 'reported Staged', {
      ...{ kind: 'order', role: 'worker', name, order: stage, replaces: undefined },
    });
    // A run waits for two renewals of the Lease, of which the first came with the restart.
    await this.#write(name, 'renewed', {
      ...{ kind: 'cordon', name, orderId },
      apply: { order: apply, replaces: formatOrder(stage) },
    });
    await this.#write(name, 'reported Committed', {
      ...{ kind: 'order', role: 'worker', name, order: commit, replaces: formatOrder(apply) },
    });
    await this.#perform({ kind: 'uncordon', name, orderId, order: formatOrder(commit) });
  }

  async #write(name: string, until: Moment, action: Action): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(`${name} ${until}`, resolve);
    await this.#perform(action);
    await promise;
  }

  async #perform(action: Action): Promise<void> {
    const never = () => Promise.reject(new Error('no pods, and no Jobs'));
    const taintsOf = () =>
      action.kind === 'uncordon'
        ? [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }]
        : undefined;
    const ports = { kube: this.#kube, taintsOf, evict: never, beginJob: never };
    const outcome = await perform(ports, action);
    if (!outcome.done) throw new Error(`${action.kind} ${action.name}: ${outcome.why}`);
  }
}

function orderTo(goal: Goal): Order {
  return {
    v: 1,
    id: orderIdOf(RUN, 0, 1),
    attempt: 1,
    goal,
    plan: { name: 'nobody', uid: 'nobody' },
    run: RUN,
    command: 0,
    epoch: 1,
    artifact: {
      ...{ kind: 'k0s', version: NEW, url: 'http://127.0.0.1:1/k0s', sha256: NEW_SHA, force: true },
    },
    durations: { stageMs: 60_000, confirmMs: 60_000 },
    undo: 'binary',
  };
}
