import { appendFileSync } from 'node:fs';
import { parseOrder } from '../../src/signals/order.ts';
import type { World } from '../support/observe/world.ts';

/** Writes down every change that an onlooker sees, a line each, with the seconds since it began. */
export class Trace {
  readonly #file: string;
  readonly #beganMs = performance.now();
  readonly #last = new Map<string, string>();

  constructor(file: string, title: string) {
    this.#file = file;
    appendFileSync(file, `\n${title}\n`);
  }

  see({ hosts, plan, readyReplicas }: World): void {
    for (const { name, orderText, signal, cordoned, phase, message } of hosts) {
      const order = parseOrder(orderText);
      const goal = order.kind === 'valid' ? order.value.goal : '-';
      const healthy = signal?.running?.healthy ? ' healthy' : '';
      const said = `${goal} ${signal?.phase ?? '-'}${healthy}${cordoned ? ' cordoned' : ''}`;
      this.#note(name, said);
      this.#note(`${name} in the Plan`, `${phase ?? '-'} ${message ?? ''}`);
    }
    this.#note('ready replicas', String(readyReplicas));
    this.#note('plan', `${plan?.status?.state ?? '-'}`);
  }

  #note(who: string, said: string): void {
    if (this.#last.get(who) === said) return;
    this.#last.set(who, said);
    const seconds = ((performance.now() - this.#beganMs) / 1000).toFixed(2).padStart(7);
    appendFileSync(this.#file, `${seconds} ${who}: ${said}\n`);
  }
}
