import type { Transition } from '../api/history.ts';
import type { StoredPlanStatus } from '../api/plan.ts';
import { TOLD_TRANSITIONS } from '../api/update-run.ts';
import { messageOf } from '../errors.ts';
import type { Kube } from '../kube/client.ts';
import {
  createUpdateRun,
  deleteUpdateRun,
  writeUpdateRunStatus,
} from '../kube/update-run-writer.ts';
import type { Log } from '../log.ts';
import type { TrimmedPlan } from './trim-plan.ts';
import type { TrimmedUpdateRun } from './trim-update-run.ts';
import { afterDeletion, joinTransitions, recordOf, runName, surplusRuns } from './update-run.ts';

/** Between two writes about a run that goes on: its Plan's status tells the same sooner. */
const PAUSE_MS = 30_000;

export interface UpdateRunPorts {
  readonly kube: Kube;
  readonly log: Log;
  /** Who acts. */
  readonly by: string;
  readonly runs: () => readonly TrimmedUpdateRun[];
  /** Takes in what the API server has answered. */
  readonly onWritten: (object: unknown) => void;
}

/** A Plan with the newest that is known of it. */
export interface ToldPlan {
  readonly plan: TrimmedPlan;
  readonly status: StoredPlanStatus | undefined;
}

/**
 * Keeps the UpdateRuns: one for each run, written when it begins and ends and now and then between, and never
 * more of them than are kept. Fails open: a run never waits for what is told of it.
 */
export class UpdateRunClient {
  readonly #ports: UpdateRunPorts;
  /** What is not written yet, by the name of the UpdateRun. */
  readonly #news = new Map<string, Transition[]>();
  readonly #written = new Map<string, { readonly text: string; readonly atMs: number }>();
  #isWriting = false;

  constructor(ports: UpdateRunPorts) {
    this.#ports = ports;
  }

  /** Remembers what has happened, until it is written. */
  note(plan: string, news: readonly Transition[]): void {
    for (const one of news) {
      if (one.run === undefined) continue;
      const name = runName(plan, one.run);
      const known = this.#news.get(name) ?? [];
      this.#news.set(name, [...known, one].slice(-TOLD_TRANSITIONS));
    }
  }

  /** Never throws; what fails is tried again at the next look. */
  tell(plans: readonly ToldPlan[], signal: AbortSignal): void {
    if (this.#isWriting) return;
    const work = this.#due(plans);
    if (work.length === 0) return;
    this.#isWriting = true;
    void this.#carryOut(work, signal).finally(() => {
      this.#isWriting = false;
    });
  }

  async #carryOut(
    work: readonly ((signal: AbortSignal) => Promise<void>)[],
    signal: AbortSignal,
  ): Promise<void> {
    try {
      for (const one of work) await one(signal);
    } catch (thrown) {
      if (signal.aborted) return;
      this.#ports.log.warn({ error: messageOf(thrown) }, 'history of a run not written');
    }
  }

  #due(plans: readonly ToldPlan[]): ((signal: AbortSignal) => Promise<void>)[] {
    const { kube, by } = this.#ports;
    const runs = this.#ports.runs();
    const stored = new Map(runs.map((run) => [run.name, run]));
    const uids = new Set(plans.map(({ plan }) => plan.uid));
    return [
      ...plans.flatMap(({ plan, status }) => this.#dueOf(plan, status, stored)),
      ...runs
        .filter(({ finishedAt, planUID }) => finishedAt === undefined && !uids.has(planUID))
        .map((run) => (signal: AbortSignal) => {
          const end = afterDeletion(run, Date.now(), by);
          return this.#writeStatus(run.name, end, signal);
        }),
      ...surplusRuns(runs).map(
        (name) => (signal: AbortSignal) => deleteUpdateRun(kube, name, signal),
      ),
    ];
  }

  #dueOf(
    plan: TrimmedPlan,
    status: StoredPlanStatus | undefined,
    stored: ReadonlyMap<string, TrimmedUpdateRun>,
  ): ((signal: AbortSignal) => Promise<void>)[] {
    if (status?.runID === undefined) return [];
    const name = runName(plan.name, status.runID);
    const before = stored.get(name);
    const news = this.#news.get(name) ?? [];
    const hasEnded = status.finishedAt !== undefined;
    // Of a run that ended before we came: it was told, or was dropped since.
    if (hasEnded && (before === undefined ? news.length === 0 : before.finishedAt !== undefined)) {
      return [];
    }
    const last = this.#written.get(name);
    const isEarly = last !== undefined && performance.now() < last.atMs + PAUSE_MS;
    if (before !== undefined && !hasEnded && isEarly) return [];
    // What a leader before us had not told any more is in the status of the Plan.
    const kept = (status.history ?? []).filter(({ run }) => run === status.runID);
    const transitions = joinTransitions(before?.status?.transitions ?? [], [...kept, ...news]);
    const record = recordOf(plan, status, transitions);
    // Refused: nothing has run.
    if (record === undefined) this.#news.delete(name);
    if (record === undefined || (last?.text === JSON.stringify(record.status) && before)) return [];
    return [
      async (signal) => {
        if (before === undefined) {
          await createUpdateRun(this.#ports.kube, name, record.spec, signal);
        }
        await this.#writeStatus(name, record.status, signal);
        const left = (this.#news.get(name) ?? []).filter((one) => !news.includes(one));
        if (left.length === 0) this.#news.delete(name);
        else this.#news.set(name, left);
      },
    ];
  }

  async #writeStatus(
    name: string,
    status: Parameters<typeof writeUpdateRunStatus>[2],
    signal: AbortSignal,
  ): Promise<void> {
    const { kube, onWritten } = this.#ports;
    onWritten(await writeUpdateRunStatus(kube, name, status, signal));
    if (status.finishedAt !== undefined) this.#written.delete(name);
    else this.#written.set(name, { text: JSON.stringify(status), atMs: performance.now() });
  }
}
