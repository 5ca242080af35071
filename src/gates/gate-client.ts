import { messageOf } from '../errors.ts';
import type { Kube } from '../kube/client.ts';
import type { Log } from '../log.ts';
import { type GateAnswer, type KnownAnswer, learnAnswer, unknown } from './answer.ts';
import { gatesWithBaseline } from './baseline.ts';
import { BaselineStore } from './baseline-store.ts';
import { type RunGate, type RunGatePorts, runGates } from './run-gates-client.ts';
import type { BaselineState, GatedRun } from './wanted.ts';

export interface GateRunnerOptions {
  readonly kube: Kube;
  readonly log: Log;
  /** A gate has answered, or a baseline was stored. */
  readonly onChange: () => void;
  readonly nowMs?: () => number;
  /** How gates are asked; for tests. */
  readonly gatesOf?: (ports: RunGatePorts, run: GatedRun) => readonly RunGate[];
}

/** Asks the gates of the runs that are under way, again and again. */
export interface GateRunner {
  /**
   * Replaces the set of runs whose gates are asked. What was answered for a run that is not among them is
   * forgotten, and its baselines are removed.
   */
  watch(runs: readonly GatedRun[]): void;
  /** Asks nobody any more and forgets all answers; what is stored stays for whoever leads next. */
  rest(): void;
  /** By the name of the gate, for one Plan; one that has not answered yet is not there. */
  answers(planUid: string): ReadonlyMap<string, KnownAnswer>;
  baseline(planUid: string): BaselineState;
}

interface Followed {
  run: GatedRun;
  readonly stop: AbortController;
  readonly answers: Map<string, KnownAnswer>;
  /** Why each baseline is not there yet, by the name of the gate; empty once all are. */
  readonly missing: Map<string, string>;
  /** Ends the pauses of all its gates: something may be due. */
  readonly wakers: Set<() => void>;
}

/** However soon an answer is wanted. */
const SHORTEST_PAUSE_MS = 1_000;
/** A question that takes long is asked seldom: its lists cost the API server that much work. */
const REST_PER_WORK = 5;
const BASELINE_RETRY_MS = 3_000;
const NOT_YET = 'is being looked at';

export function createGateRunner(options: GateRunnerOptions): GateRunner {
  const { kube, log, onChange } = options;
  const nowMs = options.nowMs ?? Date.now;
  const gatesOf = options.gatesOf ?? runGates;
  const baselines = new BaselineStore(kube);
  /** By the uid of the Plan. */
  const followed = new Map<string, Followed>();
  let kept: string | undefined;
  let sweeping = new AbortController();

  function follow(run: GatedRun): void {
    const one: Followed = {
      run,
      stop: new AbortController(),
      answers: new Map(),
      missing: new Map(gatesWithBaseline(run.gates, run.workloads).map((name) => [name, NOT_YET])),
      wakers: new Set(),
    };
    followed.set(run.plan.uid, one);
    for (const gate of gatesOf({ kube, baselines }, run)) void keepAsking(one, gate);
  }

  async function keepAsking(one: Followed, gate: RunGate): Promise<void> {
    const { signal } = one.stop;
    while (gate.baseline !== undefined && !signal.aborted) {
      try {
        await gate.baseline(one.run, signal);
        one.missing.delete(gate.name);
        break;
      } catch (thrown) {
        if (signal.aborted) return;
        const why = `what was there before the run is not known: ${messageOf(thrown)}`;
        one.missing.set(gate.name, why);
        learn(one, gate, unknown(why), nowMs());
        await untilDue(one, () => nowMs() + BASELINE_RETRY_MS);
      }
    }
    while (!signal.aborted) {
      const askedAtMs = nowMs();
      const answer = await askOnce(one, gate);
      if (signal.aborted) return;
      learn(one, gate, answer, askedAtMs);
      const endedAtMs = nowMs();
      const soonestMs =
        endedAtMs + Math.max(SHORTEST_PAUSE_MS, REST_PER_WORK * (endedAtMs - askedAtMs));
      await untilDue(one, () => {
        // At once where a target has come to its end since: whoever waits there needs an answer of now.
        const isOld = askedAtMs <= one.run.settledAtMs && gate.isUrgent(one.run);
        const intervalMs = gate.intervalMs(answer.outcome, one.run);
        return Math.max(soonestMs, isOld ? 0 : askedAtMs + intervalMs);
      });
    }
  }

  async function askOnce(one: Followed, gate: RunGate): Promise<GateAnswer> {
    try {
      return await gate.ask(one.run, one.stop.signal);
    } catch (thrown) {
      return unknown(`could not be asked: ${messageOf(thrown)}`);
    }
  }

  function learn(one: Followed, gate: RunGate, answer: GateAnswer, askedAtMs: number): void {
    const before = one.answers.get(gate.name);
    const longestGapMs = 3 * (gate.intervalMs('pass', one.run) + 30_000);
    const now = learnAnswer(before, answer, askedAtMs, longestGapMs);
    one.answers.set(gate.name, now);
    if (before?.outcome !== now.outcome) {
      const { plan } = one.run;
      const fields = { plan: plan.name, gate: gate.name, outcome: now.outcome };
      log.info({ ...fields, message: now.message }, 'a gate has answered');
    }
    onChange();
  }

  /** @param dueMs is asked anew whenever the run has changed */
  async function untilDue(one: Followed, dueMs: () => number): Promise<void> {
    const first = dueMs();
    for (let due = first; due > nowMs() && !one.stop.signal.aborted; due = Math.min(due, dueMs())) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          one.wakers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, due - nowMs());
        one.wakers.add(wake);
      });
    }
  }

  function wake(one: Followed): void {
    for (const waker of [...one.wakers]) waker();
  }

  function forget(uid: string, one: Followed): void {
    followed.delete(uid);
    one.stop.abort(new Error('the run is over, or another one leads'));
    wake(one);
  }

  /** What is left of runs that have ended; what fails is tried again when the next one begins or ends. */
  async function sweep(runIDs: ReadonlySet<string>): Promise<void> {
    try {
      await baselines.keepOnly(runIDs, sweeping.signal);
    } catch (thrown) {
      if (!sweeping.signal.aborted) {
        log.warn({ error: messageOf(thrown) }, 'baselines of runs that are over not removed');
      }
    }
  }

  return {
    watch(runs) {
      const byPlan = new Map(runs.map((run) => [run.plan.uid, run]));
      for (const [uid, one] of followed) {
        if (byPlan.get(uid)?.runID !== one.run.runID) forget(uid, one);
      }
      for (const run of runs) {
        const known = followed.get(run.plan.uid);
        if (known === undefined) {
          follow(run);
          continue;
        }
        const isNews =
          run.settledAtMs > known.run.settledAtMs ||
          run.nodesUnderWay.length !== known.run.nodesUnderWay.length;
        known.run = run;
        if (isNews) wake(known);
      }
      const runIDs = new Set(runs.map(({ runID }) => runID));
      const ids = [...runIDs].sort().join(' ');
      if (ids === kept) return;
      kept = ids;
      void sweep(runIDs);
    },
    rest() {
      for (const [uid, one] of followed) forget(uid, one);
      sweeping.abort(new Error('another one leads'));
      sweeping = new AbortController();
      kept = undefined;
    },
    answers: (planUid) => followed.get(planUid)?.answers ?? new Map(),
    baseline(planUid) {
      const one = followed.get(planUid);
      if (one === undefined) return { kind: 'missing', message: NOT_YET };
      if (gatesWithBaseline(one.run.gates, one.run.workloads).length === 0) {
        return { kind: 'notNeeded' };
      }
      const [first] = one.missing;
      return first === undefined
        ? { kind: 'stored' }
        : { kind: 'missing', message: `${first[0]}: ${first[1]}` };
    },
  };
}
