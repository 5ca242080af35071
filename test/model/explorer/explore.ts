import { Numbers } from './canonical.ts';
import { brokenEnding } from './ending.ts';
import { Judge } from './leader.ts';
import { brokenState } from './safety.ts';
import { firstState, settingOf } from './setting.ts';
import type { State, WorldSpec } from './state.ts';
import { type Transition, Transitions } from './transitions.ts';

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** States in which nothing happens by itself any more. */
  readonly endings: number;
  /** Different things that a leader has seen. */
  readonly looks: number;
  readonly violations: readonly Violation[];
}

export interface Violation {
  readonly promise: string;
  /** What happened, from the first state on: one of the shortest ways. */
  readonly trace: readonly string[];
}

/**
 * Visits every state that a world can come to, the nearest first, and asks of each what must always be true. Where
 * nothing goes wrong any more every way must come to an end, and that end must be a good one.
 */
export function explore(world: WorldSpec): Exploration {
  const setting = settingOf(world);
  const judge = new Judge(setting);
  const transitions = new Transitions(setting, judge);
  const graph = new Graph();
  const first = firstState(setting);
  let frontier: { id: number; state: State }[] = [{ id: graph.add(first).id, state: first }];
  const violations: Violation[] = [];
  const broken = (promises: readonly string[], id: number, last?: string) => {
    for (const promise of promises) {
      if (violations.some((one) => one.promise === promise)) continue;
      violations.push({ promise, trace: [...graph.traceTo(id), ...(last ? [last] : [])] });
    }
  };
  let count = 0;
  let endings = 0;
  // The shortest ways to whatever is broken are enough: the longer ones are often the same once more.
  while (frontier.length > 0 && violations.length === 0) {
    const next: typeof frontier = [];
    for (const { id, state } of frontier) {
      const found = transitions.from(state);
      count += found.length;
      if (!found.some(({ isFair }) => isFair)) {
        endings++;
        broken(brokenEnding(setting, state, judge), id);
      }
      for (const transition of found) {
        if (transition.broken.length > 0) broken(transition.broken, id, transition.what);
        const { id: to, isNew } = graph.add(transition.next, id, transition);
        if (transition.isFair) graph.join(id, to);
        if (!isNew) continue;
        broken(brokenState(setting, transition.next), to);
        next.push({ id: to, state: graph.shared(transition.next) });
      }
    }
    frontier = next;
    if (graph.size > world.mostStates) {
      throw new Error(`${world.name}: more than ${world.mostStates} states`);
    }
  }
  if (violations.length === 0) {
    const circle = graph.circle();
    if (circle !== undefined) {
      violations.push({
        promise: 'S9: the same happens over and over',
        trace: [
          ...graph.traceTo(circle[0]!),
          '-- from here on for ever:',
          ...graph.wordsOf(circle),
        ],
      });
    }
  }
  return { states: graph.size, transitions: count, endings, looks: judge.looks, violations };
}

/** States by number, and how each was come to first. */
class Graph {
  readonly #numbers = new Numbers();
  readonly #ids = new Map<string, number>();
  readonly #parents: number[] = [];
  readonly #words: string[] = [];
  readonly #fair: number[][] = [];

  get size(): number {
    return this.#ids.size;
  }

  add(state: State, from = -1, transition?: Transition): { id: number; isNew: boolean } {
    const { hosts, leader, plan, ghost } = state;
    const key = [
      ...hosts.map((host) => this.#numbers.of(host)),
      this.#numbers.of(leader),
      this.#numbers.of(plan),
      ghost === undefined ? '' : this.#numbers.of(ghost),
      state.strays,
      state.faultsLeft,
      state.askedLeft,
      state.harmed,
    ].join();
    const known = this.#ids.get(key);
    if (known !== undefined) return { id: known, isNew: false };
    const id = this.#ids.size;
    this.#ids.set(key, id);
    this.#parents.push(from);
    this.#words.push(transition?.what ?? '');
    this.#fair.push([]);
    return { id, isNew: true };
  }

  /** The same state, made of the parts of those before it. */
  shared(state: State): State {
    return {
      ...state,
      hosts: state.hosts.map((host) => this.#numbers.first(host)),
      leader: this.#numbers.first(state.leader),
      plan: this.#numbers.first(state.plan),
    };
  }

  join(from: number, to: number): void {
    this.#fair[from]!.push(to);
  }

  traceTo(id: number): string[] {
    const trace: string[] = [];
    for (let at = id; this.#parents[at]! >= 0; at = this.#parents[at]!) {
      trace.unshift(this.#words[at]!);
    }
    return trace;
  }

  wordsOf(circle: readonly number[]): string[] {
    return circle.map((id) => this.#words[id]!);
  }

  /** @returns states that lead to one another while nothing goes wrong, undefined where there are none */
  circle(): number[] | undefined {
    const done = new Uint8Array(this.size);
    const OPEN = 1;
    const CLOSED = 2;
    for (let root = 0; root < this.size; root++) {
      if (done[root] !== 0) continue;
      const path = [{ id: root, at: 0 }];
      done[root] = OPEN;
      while (path.length > 0) {
        const top = path.at(-1)!;
        const to = this.#fair[top.id]![top.at++];
        if (to === undefined) {
          done[top.id] = CLOSED;
          path.pop();
        } else if (done[to] === OPEN) {
          const from = path.findIndex(({ id }) => id === to);
          return path.slice(from).map(({ id }) => id);
        } else if (done[to] === 0) {
          done[to] = OPEN;
          path.push({ id: to, at: 0 });
        }
      }
    }
    return undefined;
  }
}
