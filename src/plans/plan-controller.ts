import { type ActorRefFrom, createActor, fromPromise } from 'xstate';
import type { Transition } from '../api/history.ts';
import { API_VERSION } from '../api/meta.ts';
import type { PlanStatus, StoredPlanStatus } from '../api/plan.ts';
import { messageOf } from '../errors.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import type { Recorder } from '../kube/events.ts';
import type { Log } from '../log.ts';
import { ApiBusyError } from './api-busy.ts';
import type { ChunkSight } from './chunk-client.ts';
import { eventsBetween, type PlanEvent } from './events.ts';
import type { Action, PlanFacts } from './facts.ts';
import { transitionsBetween, withHistory } from './history.ts';
import { isInFlight } from './in-flight.ts';
import { LONGEST_REST_MS } from './pace.ts';
import { type ActInput, planMachine, type WriteInput } from './plan.machine.ts';
import { lastingOf } from './run.ts';
import { StatusClient } from './status-client.ts';
import type { TrimmedPlan } from './trim-plan.ts';

export interface PlanControllerPorts {
  readonly kube: Kube;
  readonly log: Log;
  readonly recorder: Recorder;
  /** The Plan as the watch knows it; undefined once it is gone. */
  readonly plan: () => TrimmedPlan | undefined;
  /** What was stored of it when we began to lead, as a whole. */
  readonly stored: StoredPlanStatus | undefined;
  readonly chunks: ChunkSight;
  readonly facts: (status: StoredPlanStatus | undefined) => PlanFacts | undefined;
  readonly perform: (actions: readonly Action[], signal: AbortSignal) => Promise<void>;
  /** Who acts, as the Lease says it. */
  readonly identity: string;
  /** What has become of the Plan just now. */
  readonly onTransitions: (news: readonly Transition[]) => void;
  /** The same, as what was told before and is told now. */
  readonly onStatus: (before: StoredPlanStatus | undefined, after: StoredPlanStatus) => void;
  /** Why no status may be written now; undefined: it may. */
  readonly withheld: () => string | undefined;
  /** A status was refused by the API server, or not kept in whole. */
  readonly onOdd: () => void;
  /** The machine may have something to do with newer facts. */
  readonly onSettled: () => void;
}

/** A status, and what it tells that the one before did not. */
interface Told {
  readonly status: PlanStatus;
  readonly news: readonly Transition[];
}

/** An API server that says no, or nothing, is not asked the same at once again. */
const RETRY_MS = 1_000;
const LISTENING = ['resting', 'queued', 'waiting'] as const;
const TAKING = ['answering', 'beginning', 'acting'] as const;

/** Runs the machine of one Plan for as long as we lead: offers it facts, and carries out what it decides. */
export class PlanController {
  readonly #ports: PlanControllerPorts;
  readonly #stop = new AbortController();
  readonly #status: StatusClient;
  #known: StoredPlanStatus | undefined;
  /** What is stored for certain of that which must be before anything follows from it. */
  #stored: string;
  #inFlight: { readonly of: StoredPlanStatus | undefined; readonly is: boolean } | undefined;
  /** Facts came while an effect was under way. */
  #missed = false;
  /** After a failure: when to try again, epoch milliseconds. */
  #pausedUntilMs = 0;
  #actor: ActorRefFrom<typeof planMachine> | undefined;

  constructor(ports: PlanControllerPorts) {
    this.#ports = ports;
    this.#status = new StatusClient({
      ...ports,
      onTooLarge: (message) => this.#tell({ type: 'Warning', reason: 'StatusShortened', message }),
    });
    this.#known = ports.stored;
    this.#stored = lastingOf(this.#known);
  }

  /** What has been told of it: stored, or about to be. */
  get told(): StoredPlanStatus | undefined {
    return this.#known;
  }

  /**
   * Newer than what is stored, where that is written late; and already of what is being written or carried out
   * at this moment, so that no other Plan takes what this one is about to take.
   */
  get newest(): StoredPlanStatus | undefined {
    const snapshot = this.#actor?.getSnapshot();
    if (snapshot === undefined || !TAKING.some((state) => snapshot.matches(state))) {
      return this.#known;
    }
    const { decision } = snapshot.context;
    return 'status' in decision ? decision.status : this.#known;
  }

  /** Whether the next leader, if we died now, would find something in flight. */
  get isStoredInFlight(): boolean {
    const { stored } = this.#status;
    // Asked for at every look, of thousands of targets; it changes with what is stored.
    if (this.#inFlight?.of !== stored) {
      this.#inFlight = { of: stored, is: isInFlight({ status: stored }) };
    }
    return this.#inFlight?.is ?? false;
  }

  /** When the Plan has to be looked at again even if nothing changes; epoch milliseconds. */
  get untilMs(): number | undefined {
    if (this.#pausedUntilMs > Date.now()) return this.#pausedUntilMs;
    const decision = this.#actor?.getSnapshot().context.decision;
    return decision !== undefined && 'untilMs' in decision ? decision.untilMs : undefined;
  }

  /** Workers that are next, whose pods are worth to be known. */
  get lookAhead(): readonly string[] {
    const decision = this.#actor?.getSnapshot().context.decision;
    return decision !== undefined && 'lookAhead' in decision ? decision.lookAhead : [];
  }

  /** Offers the newest facts, unless an effect is under way: then they are offered when it has ended. */
  look(): void {
    if (this.#pausedUntilMs > Date.now()) return;
    if (this.#actor !== undefined && !this.#isListening) {
      this.#missed = true;
      return;
    }
    this.#missed = false;
    const facts = this.#ports.facts(this.#known);
    if (facts === undefined) return;
    if (this.#actor === undefined) {
      this.#actor = this.#start(facts);
      return;
    }
    this.#actor.send({ type: 'facts.observed', facts });
  }

  get #isListening(): boolean {
    return LISTENING.some((state) => this.#actor?.getSnapshot().matches(state));
  }

  stop(): void {
    this.#stop.abort(new Error('not leading any more, or the Plan is gone'));
    this.#status.stop();
    this.#actor?.stop();
  }

  #start(facts: PlanFacts): ActorRefFrom<typeof planMachine> {
    const machine = planMachine.provide({
      actors: {
        write: fromPromise<void, WriteInput>(({ input, signal }) => this.#write(input, signal)),
        act: fromPromise<void, ActInput>(({ input, signal }) => this.#act(input, signal)),
      },
    });
    const actor = createActor(machine, { input: facts });
    actor.subscribe((snapshot) => {
      const { decision } = snapshot.context;
      if (!LISTENING.some((state) => snapshot.matches(state))) return;
      if (decision.kind === 'wait' || decision.kind === 'queue') {
        const told = this.#told(decision.status);
        this.#learn(told);
        this.#status.writeSoon(told.status, this.#stop.signal);
      } else if (this.#missed || ['answer', 'begin', 'end'].includes(decision.kind)) {
        // An effect has ended; its own changes come back by the watch, what came meanwhile does not.
        setImmediate(this.#ports.onSettled);
      }
    });
    actor.start();
    return actor;
  }

  async #write({ status }: WriteInput, signal: AbortSignal): Promise<void> {
    const told = this.#told(status);
    try {
      await this.#status.write(told.status, this.#joined(signal));
      this.#learn(told);
    } catch (thrown) {
      this.#pause(thrown, 'status not written');
      throw thrown;
    }
  }

  async #act({ status: decided, actions }: ActInput, signal: AbortSignal): Promise<void> {
    const joined = this.#joined(signal);
    const told = this.#told(decided);
    const { status } = told;
    try {
      if (this.#stored !== lastingOf(status)) {
        await this.#status.write(status, joined);
        this.#stored = lastingOf(status);
      }
      this.#learn(told);
      this.#status.writeSoon(status, this.#stop.signal);
      await this.#ports.perform(actions, joined);
    } catch (thrown) {
      this.#pause(thrown, 'not everything was carried out');
      throw thrown;
    }
  }

  #pause(thrown: unknown, what: string): void {
    if (this.#stop.signal.aborted) return;
    const waitMs = askedToWaitMs(thrown);
    this.#pausedUntilMs = Date.now() + Math.max(RETRY_MS, waitMs);
    this.#ports.log.warn({ error: messageOf(thrown) }, what);
  }

  #joined(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#stop.signal]);
  }

  /** With what has become of the Plan since, so that it is stored in one write with what it tells of. */
  #told(status: PlanStatus): Told {
    const plan = this.#ports.plan();
    const applied = plan?.appliedBy;
    const news = transitionsBetween(this.#known, status, {
      orchestrator: this.#ports.identity,
      appliedBy: applied && `${applied} at ${new Date(plan.appliedAtMs).toISOString()}`,
      nowMs: Date.now(),
    });
    return { status: withHistory(status, news), news };
  }

  #learn({ status, news }: Told): void {
    const before = this.#known;
    this.#known = status;
    this.#ports.onStatus(before, status);
    this.#ports.onTransitions(news);
    for (const event of eventsBetween(before, status)) this.#tell(event);
  }

  #tell({ type, reason, message }: Pick<PlanEvent, 'type' | 'reason' | 'message'>): void {
    const plan = this.#ports.plan();
    if (plan === undefined) return;
    this.#ports.log.info({ reason, message }, 'event');
    this.#ports.recorder.emit({
      ...{ type, reason, message },
      regarding: { apiVersion: API_VERSION, kind: 'Plan', name: plan.name, uid: plan.uid },
    });
  }
}

/** For how long the API server wants to be left alone, as far as it has said so. */
function askedToWaitMs(thrown: unknown): number {
  if (thrown instanceof ApiBusyError) return thrown.waitMs;
  const askedMs = thrown instanceof ApiError ? (thrown.retryAfterMs ?? 0) : 0;
  return Math.min(askedMs, LONGEST_REST_MS);
}
