import { type Follow, followOf } from '../api/follow.ts';
import type { PlanSpec } from '../api/plan.ts';
import { describeFlaws } from '../api/policy-flaws.ts';
import type { Reason } from '../api/reasons.ts';
import { type Exposure, KEPT_SKIPPED, type UpdateConfigStatus } from '../api/update-config.ts';
import { withCondition } from '../plans/conditions.ts';
import { conditionsOf } from './channel-conditions.ts';
import type { ChannelFacts } from './channel-facts.ts';
import { type Choice, choose } from './choose.ts';
import { countExposures } from './exposure.ts';
import { freshOffer } from './fresh-offer.ts';
import { type Running, runningOf } from './machines.ts';
import type { Offered } from './offered.ts';
import { orderOf } from './order-plan.ts';
import { pollDueMs } from './poll-due.ts';
import { scheduleOf } from './schedule.ts';
import { requestUrl } from './server-request.ts';
import { noteLook, settle } from './take-notes.ts';
import { windowOf } from './window-sight.ts';

export interface ChannelJudgement {
  readonly status: UpdateConfigStatus;
  /** When the channel is to be looked at; undefined: not while the spec is as it is. */
  readonly pollAtMs: number | undefined;
  /** The Plan that is to be made now. */
  readonly make?: PlanSpec;
  /** The Plan of that name is to be deleted. */
  readonly remove?: true;
  /** When to judge again although nothing changes. */
  readonly lookAtMs: number;
}

/** What time alone changes is seen at least this often. */
const LOOK_EVERY_MS = 60_000;

/** What is to be done about one channel now, and how it stands. */
export function judgeChannel(facts: ChannelFacts): ChannelJudgement {
  const { config, policy, nowMs } = facts;
  const { spec } = config;
  if ('invalid' in spec) return notFollowed(facts, 'InvalidSpec', spec.invalid);
  if (policy.flaws.length > 0) {
    const what = describeFlaws('UpdatePolicy/default spec', policy.flaws);
    return notFollowed(facts, 'InvalidPolicy', what);
  }
  const follow = followOf(policy.channels, config.follow);
  const schedule = scheduleOf(spec.upgradeStrategy, follow.timeZone ?? facts.timeZone);
  if (schedule.kind === 'invalid') return notFollowed(facts, 'InvalidSchedule', schedule.message);
  const url = requestUrl(spec);
  if (url === undefined) {
    const message = `spec.updateServer: wanted an http or https address, found ${JSON.stringify(spec.updateServer)}`;
    return notFollowed(facts, 'InvalidSpec', message);
  }
  const running = runningOf(spec.planSpec?.commands, facts.world, nowMs);
  const settled = settle(facts);
  const looked = noteLook(settled, facts, url);
  const fresh = freshOffer(facts, schedule, follow.pollMs);
  const releases = countExposures(looked.releases ?? [], facts.last?.offered, running.all, nowMs);
  const choice =
    fresh.kind === 'fresh'
      ? chooseFrom(fresh.offered, { follow, status: looked, releases, running }, facts)
      : undefined;
  const window = windowOf(schedule, nowMs);
  const order = orderOf(choice, { facts, spec, looked, window, schedule });
  const pollAtMs = pollDueMs({
    schedule,
    pollMs: follow.pollMs,
    clusterId: facts.clusterId,
    channel: config.uid,
    generation: config.generation,
    knownSinceMs: facts.knownSinceMs,
    look: facts.look,
    stored: config.status,
    failures: looked.lastCheck?.failures ?? 0,
  });
  const status: UpdateConfigStatus = {
    ...looked,
    observedGeneration: config.generation,
    ...(pollAtMs === undefined ? {} : { nextCheckAt: iso(pollAtMs) }),
    ...(running.lowest === undefined ? {} : { currentVersion: running.lowest.text }),
    ...channelVersion(facts.last?.offered, looked),
    ...(releases.length === 0 ? {} : { releases: [...releases] }),
  };
  setOrDrop(status, 'window', window.shown);
  setOrDrop(status, 'nextVersion', nextVersion(choice, looked, facts));
  setOrDrop(status, 'skipped', skippedOf(choice, looked));
  status.conditions = conditionsOf(facts, looked, fresh, order);
  return {
    status,
    pollAtMs,
    ...(order.kind === 'make' ? { make: order.spec } : {}),
    ...(order.kind === 'remove' ? { remove: true as const } : {}),
    lookAtMs: Math.min(
      ...[nowMs + LOOK_EVERY_MS, pollAtMs, window.changesAtMs, ...untils(choice)].filter(
        (ms): ms is number => ms !== undefined && ms > nowMs,
      ),
    ),
  };
}

/** Nothing is asked and nothing is ordered; what is remembered stays. */
function notFollowed(facts: ChannelFacts, reason: Reason, message: string): ChannelJudgement {
  const { config, nowMs } = facts;
  const before = settle(facts);
  const conditions = withCondition(
    before.conditions ?? [],
    { type: 'Accepted', status: 'False', reason, message },
    config.generation,
    nowMs,
  );
  const { nextCheckAt: _next, window: _window, ...kept } = before;
  return {
    status: { ...kept, observedGeneration: config.generation, conditions },
    pollAtMs: undefined,
    lookAtMs: nowMs + LOOK_EVERY_MS,
  };
}

interface Known {
  readonly follow: Follow;
  readonly status: UpdateConfigStatus;
  readonly releases: readonly Exposure[];
  readonly running: Running;
}

function chooseFrom(
  offered: Offered,
  { follow, status, releases, running }: Known,
  { nowMs, clusterId, quarantined }: ChannelFacts,
): Choice {
  const completed = status.plan?.state === 'Completed' ? status.plan.version : undefined;
  return choose({
    nowMs,
    offered,
    follow,
    clusterId,
    running,
    seenMs: new Map(releases.map(({ version, seenAt }) => [version, Date.parse(seenAt)])),
    failures: status.failures ?? [],
    quarantined,
    completed,
  });
}

function channelVersion(offered: Offered | undefined, before: UpdateConfigStatus) {
  const newest = offered?.releases.at(-1)?.version.text ?? before.channelVersion;
  return newest === undefined ? {} : { channelVersion: newest };
}

function nextVersion(
  choice: Choice | undefined,
  looked: UpdateConfigStatus,
  facts: ChannelFacts,
): string | undefined {
  const { plan } = facts;
  if (looked.plan !== undefined && looked.plan.finishedAt === undefined && plan !== undefined)
    return looked.plan.version;
  if (choice === undefined) return looked.nextVersion;
  return choice.kind === 'take' ? choice.release.version.text : undefined;
}

/** What was told before stays told while nothing new can be known. */
function skippedOf(
  choice: Choice | undefined,
  before: UpdateConfigStatus,
): UpdateConfigStatus['skipped'] {
  if (choice === undefined) return before.skipped;
  if (choice.skipped.length === 0) return undefined;
  return choice.skipped.slice(0, KEPT_SKIPPED).map(({ version, reason, message, untilMs }) => ({
    version,
    reason,
    message,
    ...(untilMs === undefined ? {} : { until: iso(untilMs) }),
  }));
}

function untils(choice: Choice | undefined): number[] {
  return (choice?.skipped ?? []).flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]));
}

function setOrDrop<K extends keyof UpdateConfigStatus>(
  status: UpdateConfigStatus,
  field: K,
  value: UpdateConfigStatus[K] | undefined,
): void {
  if (value === undefined) delete status[field];
  else status[field] = value;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
