import type { StoredPlanStatus } from '../../../src/api/plan.ts';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import type { Request, Verb } from '../../../src/api/requests.ts';
import type { Binary, Journal } from '../../../src/node-agent/journal.ts';
import type { TrialView } from '../../../src/node-agent/trial.ts';
import type { Action } from '../../../src/plans/facts.ts';
import type { Signal } from '../../../src/signals/report.ts';

/**
 * What may go wrong once. `crash` to `power` change nothing in the outcome (S10); every other one may.
 * - `crash`: the leader dies, before, after or amid what it has decided; another one comes
 * - `lostAnswer`: some of its writes happen and some do not
 * - `lateEvents`: what it sees of one host stays as it is for a while
 * - `deposed`: another one leads, and what this one was about to write arrives at any later time
 * - `agentDies`: an agent is killed, with or without having done what its journal does not tell yet
 * - `power`: a host loses its power and is booted
 * - `slow`: the next deadline passes although somebody had something to do
 */
export const FAULTS = [
  'crash',
  'lostAnswer',
  'lateEvents',
  'deposed',
  'agentDies',
  'power',
  'slow',
  'silent',
  'lies',
  'vanishes',
  'noDownload',
  'otherFile',
  'noBackup',
  'noSwap',
  'exits',
  'unhealthy',
  'hung',
  'stuckPods',
  'breaks',
  'cordoned',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Whoever dies and is back in time changes nothing in what becomes of the run. */
export const HARMLESS: ReadonlySet<Fault> = new Set<Fault>([
  'crash',
  'lostAnswer',
  'lateEvents',
  'deposed',
  'agentDies',
  'power',
]);

/** What is asked by people: a verb of the Plan, its deletion, or the brake in the policy. */
export type Asked = Verb | 'delete' | 'brake';

/** A world, and what may happen in it. */
export interface WorldSpec {
  readonly name: string;
  readonly controllers: number;
  readonly workers: number;
  /** So many controllers are workers as well. */
  readonly hybrids?: number;
  /** `limits.concurrent` of the workers; 1 if not said. */
  readonly limit?: number;
  readonly from?: string;
  readonly to?: string;
  /** An image bundle goes to the workers first. */
  readonly bundle?: boolean;
  readonly policy?: PolicyLayer;
  /** Nothing has to go from any worker. */
  readonly empty?: boolean;
  /** Workers that somebody else has cordoned. */
  readonly cordoned?: readonly string[];
  /** Agents that keep a healthy update by their own policy. */
  readonly confirmAlone?: boolean;
  readonly faults: readonly Fault[];
  /** How many of them may happen on one way. */
  readonly budget: number;
  readonly asked?: readonly Asked[];
  readonly askedBudget?: number;
  /** More states than this are an error: the world has grown. */
  readonly mostStates: number;
}

/** Why a new k0s does not work. `hung`: its kubelet is dead, and the Node still says Ready. */
export type Sickness = 'exits' | 'unhealthy' | 'hung';

/** The two annotations and what else the API server has of a host, with what a probe would find. */
export interface Seen {
  readonly exists: boolean;
  readonly order: string | undefined;
  readonly mark: string | undefined;
  readonly unschedulable: boolean;
  readonly signal: Signal | undefined;
  /** What the report says of the host. */
  readonly k0sVersion: string;
  readonly epoch: number;
  readonly kubelet: string;
  readonly ready: boolean;
  readonly readySinceMs: number;
  readonly pods: number;
}

/** One machine with its agent. Immutable, like everything in a {@link State}. */
export interface Host {
  readonly name: string;
  readonly role: 'controller' | 'worker';
  /** Every worker has a Node, and of the controllers those that are workers as well. */
  readonly hasNode: boolean;
  /** Its Node or ControlNode; of one that has both, both. */
  readonly exists: boolean;
  readonly order: string | undefined;
  readonly mark: string | undefined;
  readonly unschedulable: boolean;
  /** Somebody else has cordoned it. */
  readonly foreign: boolean;
  readonly signal: Signal | undefined;
  readonly toldVersion: string;
  readonly toldEpoch: number;
  /** The file that k0s is started from. */
  readonly live: Binary;
  readonly running: Binary;
  /** What was kept for good, as the journal tells. */
  readonly kept: Binary;
  readonly boot: number;
  readonly isDown: boolean;
  readonly sick: Sickness | undefined;
  readonly readySinceMs: number;
  readonly pods: number;
  readonly stuck: boolean;
  readonly delivered: string | undefined;
  readonly journal: Journal;
  readonly untidy: boolean;
  readonly trial:
    | { readonly view: TrialView; readonly healthySinceMs: number | undefined }
    | undefined;
  readonly silent: boolean;
  /** Its agent could not put the old version back in time, and has told a person so. */
  readonly gaveUp: boolean;
  readonly liar: boolean;
}

/** The orchestrator that leads. */
export interface Leader {
  readonly epoch: number;
  readonly known: StoredPlanStatus | undefined;
  readonly sightedSinceMs: number;
  /** Orders of hosts whose Lease it has seen renewed. */
  readonly renewed: readonly string[];
  /** What it still sees of hosts that have moved on. */
  readonly stale: Readonly<Record<string, Seen>>;
}

export interface PlanObject {
  readonly exists: boolean;
  readonly stored: StoredPlanStatus | undefined;
  readonly requests: readonly Request[];
  readonly braked: boolean;
}

/** Everything that matters for what may happen next. Times are relative to a present that never moves. */
export interface State {
  readonly hosts: readonly Host[];
  readonly leader: Leader;
  /** What a deposed leader still has in flight. */
  readonly ghost: readonly Action[] | undefined;
  readonly plan: PlanObject;
  /** Nodes that it has taken: nothing keeps a write from arriving late, and each may be one beyond the limit. */
  readonly strays: number;
  readonly faultsLeft: number;
  readonly askedLeft: number;
  /** Something has happened that may change the outcome. */
  readonly harmed: boolean;
}
