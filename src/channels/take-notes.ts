import { KEPT_EPOCHS, type UpdateConfigStatus } from '../api/update-config.ts';
import type { ChannelFacts } from './channel-facts.ts';
import { tellOffer } from './offered.ts';
import { failureOf, standingOf, withFailure } from './plan-end.ts';
import { formatPlanId, parsePlanId } from './plan-of.ts';

/** What has become of the Plan that was made last, also where a leader before this one made it. */
export function settle({ config, plan, nowMs }: ChannelFacts): UpdateConfigStatus {
  const status: UpdateConfigStatus = { ...config.status };
  const id = plan === undefined || 'invalid' in plan.spec ? undefined : parsePlanId(plan.spec.id);
  if (plan !== undefined && id?.config === config.name) {
    const isKnown = status.plan?.id === formatPlanId(id);
    const finishedAt = standingOf(plan) === 'ended' ? plan.status?.finishedAt : undefined;
    // What the run before has come to is not this one's.
    const isTold = plan.status?.observedGeneration === plan.generation;
    const state = isTold ? plan.status?.state : undefined;
    // Ended anew as well: a person may have had it rolled back, or tried again.
    const hasEnded =
      finishedAt !== undefined && !(isKnown && status.plan?.finishedAt === finishedAt);
    const from = isKnown ? status.plan?.from : status.currentVersion;
    status.plan = {
      name: plan.name,
      id: formatPlanId(id),
      version: id.version,
      ...(from === undefined ? {} : { from }),
      madeAt: isKnown ? status.plan!.madeAt : iso(nowMs),
      ...(state === undefined ? {} : { state }),
      ...(finishedAt === undefined ? {} : { finishedAt }),
    };
    if (hasEnded && plan.status?.state !== 'Completed') {
      const failure = failureOf(id.version, id.attempt, plan.status, nowMs);
      status.failures = withFailure(status.failures ?? [], failure);
    }
    if (finishedAt !== undefined && plan.status?.state === 'Completed') {
      // A retry by a person, or another attempt, has succeeded.
      const failures = (status.failures ?? []).filter(({ version }) => version !== id.version);
      if (failures.length === 0) delete status.failures;
      else status.failures = failures;
    }
  } else if (status.plan !== undefined && status.plan.finishedAt === undefined) {
    status.plan = { ...status.plan, state: 'Deleted', finishedAt: iso(nowMs) };
  }
  return status;
}

/** Takes in what the last look of this process came to. */
export function noteLook(
  before: UpdateConfigStatus,
  { look }: ChannelFacts,
  url: string,
): UpdateConfigStatus {
  // Told already. Not by which is later: the leader before may have had another clock.
  if (look === undefined || iso(look.atMs) === before.lastCheck?.at) return before;
  const { answer } = look;
  const failures = answer.kind === 'unreachable' ? (before.lastCheck?.failures ?? 0) + 1 : 0;
  const status: UpdateConfigStatus = {
    ...before,
    lastCheck: {
      at: iso(look.atMs),
      url: look.url,
      ...(answer.kind === 'offered'
        ? { reason: 'IndexAccepted', message: tellOffer(answer.offered) }
        : { reason: answer.reason, message: answer.message }),
      ...(failures === 0 ? {} : { failures }),
    },
  };
  if (answer.kind !== 'offered') return status;
  status.answeredAt = iso(look.atMs);
  if (answer.seen !== undefined) {
    const { epoch, sha256 } = answer.seen;
    const others = (before.epochs ?? []).filter((one) => one.url !== url);
    status.epochs = [{ url, epoch, sha256 }, ...others].slice(0, KEPT_EPOCHS);
  }
  return status;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
