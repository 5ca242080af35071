import type { Moment } from './agent.ts';
import type { Noted } from './agents.ts';

/** When each node came to each moment first; epoch milliseconds. */
export class Moments {
  readonly #byMoment = new Map<Moment, Map<string, number>>();

  note(moments: readonly Noted[]): void {
    for (const [node, moment, atMs] of moments) {
      const known = this.#byMoment.get(moment) ?? new Map<string, number>();
      this.#byMoment.set(moment, known);
      if (!known.has(node)) known.set(node, atMs);
    }
  }

  count(moment: Moment): number {
    return this.#byMoment.get(moment)?.size ?? 0;
  }

  /** Sorted. */
  times(moment: Moment): readonly number[] {
    return [...(this.#byMoment.get(moment)?.values() ?? [])].sort((a, b) => a - b);
  }

  /** How long it took each node from one moment to the other. */
  between(from: Moment, to: Moment): readonly number[] {
    const begun = this.#byMoment.get(from) ?? new Map<string, number>();
    return [...(this.#byMoment.get(to) ?? [])].flatMap(([node, atMs]) => {
      const since = begun.get(node);
      return since === undefined ? [] : [atMs - since];
    });
  }

  /**
   * From a node that is done to the next one that is begun in its place: of a run that is always full, the
   * first `slots` are begun at once, and the one after that when the first has ended.
   */
  refills(slots: number): readonly number[] {
    const begun = this.times('cordoned').slice(slots);
    const ended = this.times('reported Committed');
    return begun.map((atMs, index) => atMs - ended[index]!);
  }

  /** How many nodes were under way on average, while there were enough of them to fill all slots. */
  meanSlots(slots: number): number {
    const begun = this.times('cordoned');
    const ended = this.times('reported Committed');
    const fromMs = begun[slots - 1];
    const toMs = begun.at(-1);
    if (fromMs === undefined || toMs === undefined || toMs <= fromMs) return Number.NaN;
    const clip = (atMs: number) => Math.min(Math.max(atMs, fromMs), toMs);
    const area = (times: readonly number[]) =>
      times.reduce((total, atMs) => total + (toMs - clip(atMs)), 0);
    return (area(begun) - area(ended)) / (toMs - fromMs);
  }
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
