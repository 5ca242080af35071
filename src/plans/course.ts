import type { K0sVersion } from '../api/k0s-version.ts';
import type { K0sUpdate } from '../api/plan.ts';
import type { Policy } from '../api/policy.ts';

/** What holds for all targets of a command during one judgement. */
export interface Course {
  readonly nowMs: number;
  readonly sightedSinceMs: number;
  readonly epoch: number;
  readonly policy: Policy;
  readonly plan: { readonly name: string; readonly uid: string };
  readonly runID: string;
  /** Index of the command under way, and what it says. */
  readonly command: number;
  readonly update: K0sUpdate;
  readonly wanted: K0sVersion;
  readonly force: boolean;
  /** Something has failed: nothing new is touched, and what can be called back is. */
  readonly stopping: boolean;
  /** Digest that the artifact of a platform must have, as far as it is known. */
  readonly pinned: Readonly<Record<string, string>>;
  /** Names of controllers whose API server is not ready. */
  readonly controllersNotReady: readonly string[];
}
