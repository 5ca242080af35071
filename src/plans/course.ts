import type { K0sVersion } from '../api/k0s-version.ts';
import type { Backup, K0sUpdate } from '../api/plan.ts';
import type { Policy } from '../api/policy.ts';
import type { Concurrency } from './concurrency.ts';
import type { LaterPlan, QuarantineFacts } from './facts.ts';
import type { Hold } from './hold.ts';

/** What holds for all targets of a command during one judgement. */
interface CommonCourse {
  readonly nowMs: number;
  readonly sightedSinceMs: number;
  readonly epoch: number;
  readonly policy: Policy;
  readonly plan: { readonly name: string; readonly uid: string };
  readonly runID: string;
  /** Index of the command under way, and what it says. */
  readonly command: number;
  readonly version: string;
  readonly platforms: K0sUpdate['platforms'];
  /** How many targets at once: workers of an update, downloads of a bundle. */
  readonly concurrency: Concurrency;
  /** Nothing new may be begun at this moment. */
  readonly hold: Hold | undefined;
  /** Something has failed, or somebody asked for the end: nothing new is touched, and what can be called back is. */
  readonly stopping: boolean;
  /** What has failed in this cluster before, and may not be applied. */
  readonly quarantined: readonly QuarantineFacts[];
  /** @see PlanFacts.nodesBeingWritten */
  readonly nodesBeingWritten: ReadonlySet<string>;
  /** Digest that the artifact of a platform must have, as far as it is known. */
  readonly pinned: Readonly<Record<string, string>>;
}

/** A `k0supdate`: the binary is replaced, on trial, controllers before workers. */
export interface UpdateCourse extends CommonCourse {
  readonly kind: 'k0s';
  readonly wanted: K0sVersion;
  readonly force: boolean;
  /** It puts back what hosts have kept: nothing is fetched, and the targets are taken in the order of their lists. */
  readonly rollback: boolean;
  /** Names of controllers whose API server is not ready. */
  readonly controllersNotReady: readonly string[];
  /** Plans that were applied later, and what they have brought. */
  readonly later: readonly LaterPlan[];
  /** The newest that this run has made. */
  readonly backup: Backup | undefined;
}

/** An `airgapupdate`: a bundle is put beside the running k0s, which takes nothing from anybody. */
export interface DeliveryCourse extends CommonCourse {
  readonly kind: 'airgap';
}

export type Course = UpdateCourse | DeliveryCourse;
