import type { K0sVersion } from '../api/k0s-version.ts';
import type { PlanSpec, Role, StoredPlanStatus } from '../api/plan.ts';
import type { QuarantineSpec } from '../api/quarantined-artifact.ts';
import type { Reason } from '../api/reasons.ts';
import type { Request } from '../api/requests.ts';
import type { DrainFacts } from '../drain/judge/drain-facts.ts';
import type { DrainRules } from '../drain/judge/drain-rules.ts';
import type { KnownAnswer } from '../gates/answer.ts';
import type { BaselineState } from '../gates/wanted.ts';
import type { Order, Parsed } from '../signals/order.ts';
import type { Report } from '../signals/report.ts';
import type { Exemption } from '../targets/exemption.ts';
import type { ApiCheck } from './api-check.ts';
import type { ClusterPolicy } from './cluster-policy.ts';

/** True, False, or could not be measured: never taken for either. */
export type Truth = 'True' | 'False' | 'Unknown';

/** What Node and ControlNode have in common. */
export interface HostFacts {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `linux-amd64`, from the labels kubernetes.io/os and /arch; undefined where they are missing. */
  readonly platform: string | undefined;
  readonly order: Parsed<Order>;
  /** The annotation as it is stored, for the `test` of the next JSON Patch. */
  readonly orderText: string | undefined;
  readonly report: Parsed<Report>;
  /** When the API server stamped the report, by its own clock, in epoch milliseconds; undefined: not known. */
  readonly reportedAtMs: number | undefined;
  /** What its annotations say of being left out; expired ones included. */
  readonly exemptions?: readonly Exemption[] | undefined;
}

/** One Node: a worker. */
export interface NodeFacts extends HostFacts {
  readonly ready: Truth;
  /** `v1.36.3+k0s`: without the build number. */
  readonly kubeletVersion: string;
  readonly unschedulable: boolean;
  /** Our mark on a node that is being emptied. */
  readonly cordon: CordonMark | undefined;
  /** The run that our soft taint on the node tells of; undefined: it has none. */
  readonly softTaint?: string | undefined;
  /** Renewals of the node's Lease that we have seen since its trial under the present order began. */
  readonly renewals: number;
  /** Only while it is being drained, and only once its pods have been listed. */
  readonly drain: DrainFacts | undefined;
  /** Pods that would have to go before it is updated; undefined: nobody has listed them. */
  readonly toGo?: number | undefined;
  /** Only while it is next, or being drained; undefined: its pods have not been listed yet. */
  readonly outlook?: Outlook | undefined;
}

/** What a drain of a node would meet. */
export interface Outlook {
  /** Budgets that cover pods of it that would have to go, and how many such pods they cover. */
  readonly budgets: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly pods: number;
  }[];
}

/** What the annotation `cordoned-for` says: `ID`, or `ID/kept` where the node was cordoned before us. */
export interface CordonMark {
  readonly orderId: string;
  /** false: somebody else had cordoned the node, and it stays so. */
  readonly ours: boolean;
}

/** One ControlNode: a controller. */
export interface ControlNodeFacts extends HostFacts {
  /** Of the Node of this machine, as k0s has written it down; undefined: the same as its own. */
  readonly nodeName?: string | undefined;
  /** k0s's own annotation; undefined: not known. */
  readonly mode?: 'controller' | 'controller+worker' | undefined;
  readonly k0sVersion: string | undefined;
  /** `/readyz` of its own API server, etcd included; Unknown where it could not be asked. */
  readonly apiServer: {
    readonly ready: Truth;
    readonly message: string;
    /** When it was asked; 0 where it never was. */
    readonly atMs: number;
    /** Since when every answer has said the same of `ready`. */
    readonly sinceMs: number;
  };
}

/** One PodDisruptionBudget, as the API server's own controller has counted it. */
export interface BudgetFacts {
  readonly name: string;
  readonly namespace: string;
  readonly expectedPods: number;
  readonly desiredHealthy: number;
  /** How many pods may be evicted at this moment; undefined: not counted since it was last changed. */
  readonly disruptionsAllowed?: number | undefined;
}

/** One QuarantinedArtifact: a digest that has failed in this cluster. */
export interface QuarantineFacts {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** What became of it, and where. */
  readonly message: string;
  /** The run that found it bad; that one judges its failures itself. */
  readonly run: string;
}

/** What one gate of the policy has answered. */
export type GateFacts = KnownAnswer;

/** One Job that was begun for a hook or a gate. */
export interface JobFacts {
  readonly state: 'Running' | 'Succeeded' | 'Failed';
  readonly message: string;
}

/** A stored spec that cannot be read. */
export interface InvalidSpec {
  /** With the path of the field. */
  readonly invalid: string;
  readonly reason: Reason;
}

/** What the other Plans of the cluster are at, by the newest that each of them has decided. */
export interface OtherPlans {
  /** Names of those that wait for this one, and have not begun. */
  readonly behind: readonly string[];
  /** Targets that they have begun and not given back, and nodes that a Plan which is gone has left behind. */
  readonly inFlight: ReadonlySet<string>;
  /** Workers of those that go on at this moment. */
  readonly workers: ReadonlySet<string>;
  /** The most workers that one of those may take at once. */
  readonly limit: number;
  /** Runs that are under way and do not go before this Plan: what they have staged gives way to its orders. */
  readonly parkedRuns: ReadonlySet<string>;
  /** Plans whose spec was written after that of this one. */
  readonly later: readonly LaterPlan[];
}

export interface LaterPlan {
  readonly name: string;
  /** What it has brought to which target, or is about to. */
  readonly brought: ReadonlyMap<string, K0sVersion>;
  /** Only while it has not begun, and nothing but its place holds it. */
  readonly spec?: PlanSpec;
}

/** One observation of everything that a judgement of a Plan may use. Times in epoch milliseconds. */
export interface PlanFacts {
  readonly nowMs: number;
  /** By the clock of the API server, which stamps reports; undefined: not known, and no report counts as old. */
  readonly serverNowMs?: number | undefined;
  /**
   * Since when we have led and all watches have been alive. What was due while nobody could see, or be seen,
   * gets a moment to be reported before it counts as overdue.
   */
  readonly sightedSinceMs: number;
  /** How many writes the API server bears at once, and whether it has asked for patience; undefined: not known. */
  readonly writes?: { readonly atOnce: number; readonly isSlowed: boolean } | undefined;
  /** Names of Nodes that are being written to: what is known of them is out of date. Undefined: none. */
  readonly nodesBeingWritten?: ReadonlySet<string> | undefined;
  readonly plan: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    /** A message instead of a spec where the stored one cannot be read. */
    readonly spec: PlanSpec | InvalidSpec;
    /** Undefined for a Plan that nothing has been written to yet. */
    readonly status: StoredPlanStatus | undefined;
    /** What people ask of it, in the order in which it is stored; answered ones included. */
    readonly requests: readonly Request[];
    readonly deleted: boolean;
    /** When its spec was last written, by the API server's clock; undefined: now. */
    readonly appliedAtMs?: number | undefined;
    /** The last generation that `autopilot adopt` has left to k0s. */
    readonly adopted?: number | undefined;
  };
  /** Names of Plans that may not run beside this one, and go before it. */
  readonly plansBefore: readonly string[];
  readonly others: OtherPlans;
  readonly policy: ClusterPolicy;
  /** Fencing token of the leader. */
  readonly epoch: number;
  readonly nodes: ReadonlyMap<string, NodeFacts>;
  readonly controlNodes: ReadonlyMap<string, ControlNodeFacts>;
  readonly budgets: readonly BudgetFacts[];
  readonly quarantined: readonly QuarantineFacts[];
  /** Only asked for Plans that may begin; unknown for all others. */
  readonly apiCheck: ApiCheck;
  /**
   * Fields of a Plan that the stored definition lacks at this moment; none where it is ours. Undefined: it was
   * not asked for since this Plan has come under way.
   */
  readonly lostFields?: readonly string[] | undefined;
  /** By the name of the gate; one that was never asked is not there. */
  readonly gates: ReadonlyMap<string, GateFacts>;
  /** Whether gates that compare know what was there before the run of this Plan. */
  readonly baseline: BaselineState;
  /** By the name of the Job, of those that we have begun. */
  readonly jobs: ReadonlyMap<string, JobFacts>;
}

/** An order, and the annotation that it replaces. */
export interface NewOrder {
  readonly order: Order;
  readonly replaces: string | undefined;
}

/**
 * What is to be done to the world. Each is safe to repeat: it looks first, and its write tests for what
 * was observed.
 */
export type Action =
  | (NewOrder & { readonly kind: 'order'; readonly role: Role; readonly name: string })
  | {
      readonly kind: 'removeOrder';
      readonly role: Role;
      readonly name: string;
      readonly replaces: string;
    }
  /**
   * Marks the node as ours to empty, and cordons it unless it already is (then the mark says `kept`). In the
   * same write the soft taint of a run goes, for nothing lands there any more; and where nothing has to go
   * from the node, it is told to apply.
   */
  | {
      readonly kind: 'cordon';
      readonly name: string;
      readonly orderId: string;
      readonly softTaint?: string | undefined;
      readonly apply?: NewOrder | undefined;
    }
  /**
   * Removes the mark of that order, and with it the cordon where that was ours, the soft taint of that run
   * where there is one, and the order where it has been carried out.
   */
  | {
      readonly kind: 'uncordon';
      readonly name: string;
      readonly orderId: string;
      readonly softTaint?: string | undefined;
      /** The annotation as it was judged. */
      readonly order?: string | undefined;
    }
  | { readonly kind: 'evict'; readonly name: string; readonly rules: DrainRules }
  /** Asks the scheduler to rather take another node: this one is to be emptied soon, in that run. */
  | { readonly kind: 'softTaint'; readonly name: string; readonly run: string }
  /** Removes that taint, and no other. */
  | { readonly kind: 'removeSoftTaint'; readonly name: string; readonly run: string }
  /** Keeps an artifact from every later run, until a person lifts that. */
  | { readonly kind: 'quarantine'; readonly name: string; readonly spec: QuarantineSpec }
  /** Begins a Job for a hook or a gate, in our own namespace. */
  | {
      readonly kind: 'job';
      readonly name: string;
      /** What it is begun for: `hook warm-caches at BeforeBatch/2`. */
      readonly of: string;
      /** A Job of batch/v1. */
      readonly manifest: Readonly<Record<string, unknown>>;
    }
  /** Frees what the old processes of a controller were elected for, now that they are gone. */
  | {
      readonly kind: 'releaseLeadership';
      readonly name: string;
      /** Its Node, or what one would be called: after the host, where the ControlNode is not. */
      readonly nodeName?: string | undefined;
      readonly restartedAt: string;
    }
  /** Takes requests that were answered from the list of a Plan. */
  | { readonly kind: 'dropRequests'; readonly name: string; readonly nonces: readonly string[] };
