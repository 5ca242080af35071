import type { PlanSpec } from '../api/plan.ts';
import type { MaintenanceWindow } from '../api/policy-time.ts';
import type { Reason } from '../api/reasons.ts';
import type { UpdateConfigSpec, UpdateConfigStatus } from '../api/update-config.ts';
import { isUnderWay } from '../plans/run.ts';
import type { TrimmedPlan } from '../plans/trim-plan.ts';
import type { ChannelFacts } from './channel-facts.ts';
import type { Choice } from './choose.ts';
import { standingOf } from './plan-end.ts';
import { CHANNEL_PLAN, parsePlanId, planSpecOf } from './plan-of.ts';
import type { Schedule } from './schedule.ts';
import type { WindowSight } from './window-sight.ts';

/** What is done about a choice at this moment. */
export type Order =
  | {
      readonly kind: 'make';
      readonly spec: PlanSpec;
      readonly reason: Reason;
      readonly message: string;
    }
  /** The Plan of that name goes first: what it brings is not wanted any more, or no edit would run it. */
  | { readonly kind: 'remove' | 'wait'; readonly reason: Reason; readonly message: string }
  | { readonly kind: 'upToDate'; readonly message: string }
  | { readonly kind: 'unknown' };

export interface Setting {
  readonly facts: ChannelFacts;
  readonly spec: UpdateConfigSpec;
  readonly looked: UpdateConfigStatus;
  readonly window: WindowSight;
  readonly schedule: Schedule;
}

/** Whether the Plan of what was chosen is made now, or what that waits for. */
export function orderOf(choice: Choice | undefined, setting: Setting): Order {
  const { facts, spec, looked, window, schedule } = setting;
  const { plan, config, policy } = facts;
  const standing = plan === undefined ? 'ended' : standingOf(plan);
  if (plan !== undefined && standing === 'underWay') {
    const held = whileUnderWay(plan, choice, config.name);
    if (held !== undefined) return held;
  }
  if (choice?.kind !== 'take') return restOf(choice);
  const { release, target } = choice;
  const goal = target.text === release.version.text ? '' : `, on the way to ${target.text}`;
  const version = `${release.version.text}${goal}`;
  if (!window.isOpen) {
    return { kind: 'wait', reason: 'WaitsForWindow', message: `${version}: ${window.shown?.text}` };
  }
  if (standing === 'leftover') {
    const message = `Plan ${CHANNEL_PLAN} was left by the Autopilot of k0s, and makes room for ${version}`;
    return { kind: 'remove', reason: 'PlanInTheWay', message };
  }
  const attempts = looked.failures?.find((one) => one.version === release.version.text)?.attempts;
  const id = { config: config.name, version: release.version.text, attempt: (attempts ?? 0) + 1 };
  const windows: readonly MaintenanceWindow[] | undefined =
    schedule.kind === 'periodic' && !policy.hasWindows ? [schedule.window] : undefined;
  const made = planSpecOf(id, release, spec.planSpec?.commands, {
    timestamp: new Date(facts.nowMs).toISOString(),
    windows,
  });
  return {
    kind: 'make',
    spec: made,
    reason: 'UpdateUnderWay',
    message: `Plan ${CHANNEL_PLAN} is made for ${version}`,
  };
}

/**
 * What a Plan that has not ended means for the choice.
 * @returns undefined where it may be written anew: it is of this channel, has begun nothing, and there is something
 *   better now
 */
function whileUnderWay(
  plan: TrimmedPlan,
  choice: Choice | undefined,
  config: string,
): Order | undefined {
  const id = 'invalid' in plan.spec ? undefined : parsePlanId(plan.spec.id);
  if (id?.config !== config) {
    if (choice?.kind !== 'take') return restOf(choice);
    const whose = id === undefined ? 'which no channel has made' : `of UpdateConfig ${id.config}`;
    const message = `${choice.release.version.text} waits for the end of Plan ${plan.name}, ${whose}`;
    return { kind: 'wait', reason: 'PlanInTheWay', message };
  }
  if (!plan.deleted && !isUnderWay(plan.status)) {
    const isOther = choice?.kind === 'take' && choice.release.version.text !== id.version;
    if (isOther) return undefined;
    const why = choice?.skipped.find(({ version }) => version === id.version);
    if (why !== undefined) {
      const message = `Plan ${plan.name} with ${id.version} is taken back before it has begun: ${why.message}`;
      return { kind: 'remove', reason: why.reason, message };
    }
  }
  const waits = plan.status?.waitsFor;
  const message = `Plan ${plan.name} brings ${id.version}${waits ? `: ${waits}` : ''}`;
  return { kind: 'wait', reason: 'UpdateUnderWay', message };
}

function restOf(choice: Choice | undefined): Order {
  if (choice?.kind !== 'none') return { kind: 'unknown' };
  const { reason, message } = choice;
  return reason === 'UpToDate' ? { kind: 'upToDate', message } : { kind: 'wait', reason, message };
}
