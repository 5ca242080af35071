import { parseOrder } from '../../src/signals/order.ts';
import type { HostView, World } from '../support/observe/world.ts';

/**
 * What a run is spending its time on at one moment; of several at once the first in this list.
 * - `kubernetes`: a node is on trial: k0s starts, its API or kubelet becomes healthy, Leases are renewed
 * - `drain`: pods leave a node, as fast as their budgets allow
 * - `swap`: a node puts its binary in place and restarts k0s (the old k0s's own end included)
 * - `commit`: a node has been told its verdict and has not answered
 * - `download`: nothing but downloads and their verification
 * - `decide`: nothing at all: a report or an order is on its way, or the orchestrator thinks
 */
export const SPENT_ON = ['kubernetes', 'drain', 'swap', 'commit', 'download', 'decide'] as const;
export type SpentOn = (typeof SPENT_ON)[number];

/** These are Autopilot's own; the others would take as long whoever did the update. */
export const OURS: readonly SpentOn[] = ['swap', 'commit', 'decide'];

/** Adds up what the time of one run is spent on, and how soon the orchestrator reacts. */
export class Timeline {
  readonly spentMs: Record<SpentOn, number> = {
    kubernetes: 0,
    drain: 0,
    swap: 0,
    commit: 0,
    download: 0,
    decide: 0,
  };
  /** From the sight of a report that lets the run go on to the sight of the next step. */
  readonly reactionsMs: number[] = [];
  #last: { readonly atMs: number; readonly on: SpentOn } | undefined;
  #before: ReadonlyMap<string, HostView> = new Map();
  #freedAtMs: number | undefined;

  see(world: World, atMs = performance.now()): void {
    if (this.#last) this.spentMs[this.#last.on] += atMs - this.#last.atMs;
    this.#last = { atMs, on: spentOn(world) };
    this.#react(world, atMs);
    this.#before = new Map(world.hosts.map((host) => [host.name, host]));
  }

  /** A controller's `Committed` frees the way for the next one, or for the first worker. */
  #react(world: World, atMs: number): void {
    const begins = world.hosts.some(
      (host) =>
        (goalOf(host) === 'apply' && goalOf(this.#before.get(host.name)) === 'stage') ||
        (host.cordoned && this.#before.get(host.name)?.cordoned === false),
    );
    if (begins && this.#freedAtMs !== undefined) {
      this.reactionsMs.push(atMs - this.#freedAtMs);
      this.#freedAtMs = undefined;
    }
    const freed = world.hosts.some(
      ({ name, role, signal }) =>
        role === 'controller' &&
        signal?.phase === 'Committed' &&
        this.#before.get(name)?.signal?.phase === 'OnTrial',
    );
    if (freed && !begins) this.#freedAtMs = atMs;
  }
}

function spentOn({ hosts }: World): SpentOn {
  const all = new Set(hosts.map(hostSpendsOn));
  return SPENT_ON.find((on) => all.has(on)) ?? 'decide';
}

function hostSpendsOn(host: HostView): SpentOn | undefined {
  const goal = goalOf(host);
  const phase = host.signal?.phase;
  if (goal === undefined) return undefined;
  if (phase === 'OnTrial') return goal === 'apply' ? 'kubernetes' : 'commit';
  if (phase === 'Applying' || phase === 'Undoing') return 'swap';
  if (phase === 'Downloading') return 'download';
  if (phase === 'Staged' && goal === 'stage' && host.cordoned) return 'drain';
  return undefined;
}

function goalOf(host: HostView | undefined): string | undefined {
  const order = parseOrder(host?.orderText);
  return order.kind === 'valid' ? order.value.goal : undefined;
}
