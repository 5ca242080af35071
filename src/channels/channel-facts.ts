import type { PolicyFlaw } from '../api/policy-flaws.ts';
import type { Trust } from '../api/trust.ts';
import type { QuarantineFacts } from '../plans/facts.ts';
import type { TrimmedPlan } from '../plans/trim-plan.ts';
import type { Look } from './answer.ts';
import type { World } from './machines.ts';
import type { Offered } from './offered.ts';
import type { TrimmedUpdateConfig } from './trim-update-config.ts';

/** All that is known of one channel at one moment. */
export interface ChannelFacts {
  readonly nowMs: number;
  /** Since when this leader has known this generation of the spec. */
  readonly knownSinceMs: number;
  readonly config: TrimmedUpdateConfig;
  readonly policy: ChannelPolicy;
  /** Of the orchestrator: what days and times of day are read by where nobody says otherwise. */
  readonly timeZone: string;
  readonly clusterId: string;
  readonly world: World;
  /** The Plan `autopilot`, whoever made it. */
  readonly plan: TrimmedPlan | undefined;
  readonly quarantined: readonly QuarantineFacts[];
  /** The last look of this process at the channel, as it was asked for. */
  readonly look: Look | undefined;
  /** What the last look that was answered offered, and when that was. */
  readonly last: { readonly offered: Offered; readonly atMs: number } | undefined;
}

/** What the UpdatePolicy says of channels. */
export interface ChannelPolicy {
  readonly channels: TrimmedUpdateConfig['follow'];
  readonly trust: Trust;
  /** Why it cannot be read. */
  readonly flaws: readonly PolicyFlaw[];
  /** Whether it has windows of its own, which then hold for Plans of channels as well. */
  readonly hasWindows: boolean;
}
