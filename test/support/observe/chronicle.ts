import type { TargetPhase } from '../../../src/api/plan.ts';
import type { HostView, World } from './world.ts';

export interface HostStory {
  readonly name: string;
  /** Phases in the order in which they were seen, each once in a row. */
  readonly phases: readonly TargetPhase[];
  /** From the first sight of something being taken away (drained, else applied) to the end. */
  readonly touchedMs: number | undefined;
  /** Without a k0s process, as its agent measured. */
  readonly gapMs: number | undefined;
}

interface Entry {
  phases: TargetPhase[];
  touchedAtMs?: number;
  endedAtMs?: number;
  gapMs?: number;
}

const TOUCHED = new Set<TargetPhase>(['Draining', 'Applying', 'OnTrial']);
const ENDED = new Set<TargetPhase>(['Committed', 'Undone', 'Failed', 'Skipped', 'Held']);

/** Writes down what happens to a cluster during one Plan, from what an {@link Observer} sees. */
export class Chronicle {
  readonly #hosts = new Map<string, Entry>();
  readonly #startedAtMs = performance.now();
  /** Names in the order in which something was taken away from them. */
  readonly touched: string[] = [];
  lowestReadyReplicas = Number.POSITIVE_INFINITY;
  /** Most controllers, and most workers, that were between being touched and their end. */
  mostControllersAtOnce = 0;
  mostWorkersAtOnce = 0;

  see(world: World, nowMs = performance.now()): void {
    this.lowestReadyReplicas = Math.min(this.lowestReadyReplicas, world.readyReplicas);
    for (const host of world.hosts) this.#seeHost(host, nowMs);
    const inFlight = world.hosts.filter(({ phase }) => phase && isInFlight(phase));
    const controllers = inFlight.filter(({ role }) => role === 'controller').length;
    this.mostControllersAtOnce = Math.max(this.mostControllersAtOnce, controllers);
    this.mostWorkersAtOnce = Math.max(this.mostWorkersAtOnce, inFlight.length - controllers);
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  stories(): readonly HostStory[] {
    return [...this.#hosts].map(([name, { phases, touchedAtMs, endedAtMs, gapMs }]) => ({
      name,
      phases,
      touchedMs:
        touchedAtMs !== undefined && endedAtMs !== undefined ? endedAtMs - touchedAtMs : undefined,
      gapMs,
    }));
  }

  #seeHost({ name, phase, signal }: HostView, nowMs: number): void {
    if (phase === undefined) return;
    let entry = this.#hosts.get(name);
    if (entry === undefined) {
      entry = { phases: [] };
      this.#hosts.set(name, entry);
    }
    if (entry.phases.at(-1) !== phase) entry.phases.push(phase);
    if (TOUCHED.has(phase) && entry.touchedAtMs === undefined) {
      entry.touchedAtMs = nowMs;
      this.touched.push(name);
    }
    if (ENDED.has(phase)) entry.endedAtMs ??= nowMs;
    if (signal?.gapMs !== undefined) entry.gapMs ??= signal.gapMs;
  }
}

function isInFlight(phase: TargetPhase): boolean {
  return TOUCHED.has(phase) || phase === 'Committing' || phase === 'Undoing';
}
