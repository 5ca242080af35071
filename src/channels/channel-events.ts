import { compareK0sVersions, parseK0sVersion } from '../api/k0s-version.ts';
import type { Reason } from '../api/reasons.ts';
import type { UpdateConfigStatus } from '../api/update-config.ts';

export interface ChannelEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly message: string;
}

/** What a change of status is worth an Event for. */
export function channelEvents(
  before: UpdateConfigStatus | undefined,
  after: UpdateConfigStatus,
): ChannelEvent[] {
  return [...newVersion(before, after), ...ofPlan(before, after), ...refusals(before, after)];
}

function newVersion(
  before: UpdateConfigStatus | undefined,
  after: UpdateConfigStatus,
): ChannelEvent[] {
  const { channelVersion, currentVersion } = after;
  if (channelVersion === undefined || channelVersion === before?.channelVersion) return [];
  const offered = parseK0sVersion(channelVersion);
  const current = parseK0sVersion(currentVersion ?? '');
  if (offered === undefined || current === undefined || compareK0sVersions(offered, current) <= 0)
    return [];
  const message = `the channel offers ${channelVersion}, while ${currentVersion} runs`;
  return [{ type: 'Normal', reason: 'NewVersionAvailable', message }];
}

function ofPlan(before: UpdateConfigStatus | undefined, after: UpdateConfigStatus): ChannelEvent[] {
  const { plan } = after;
  if (plan === undefined) return [];
  const events: ChannelEvent[] = [];
  const isKnown = before?.plan?.id === plan.id;
  const what = `${plan.from === undefined ? '' : `${plan.from} to `}${plan.version}`;
  if (!isKnown) {
    events.push({
      type: 'Normal',
      reason: 'UpdateStarted',
      message: `${what}: Plan ${plan.name} with id ${plan.id}`,
    });
  }
  const wasAt = isKnown ? before?.plan?.finishedAt : undefined;
  const hasEnded = plan.finishedAt !== undefined && plan.finishedAt !== wasAt;
  if (!hasEnded) return events;
  if (plan.state === 'Completed') {
    events.push({
      type: 'Normal',
      reason: 'UpdateCompleted',
      message: `${what}: every target has it`,
    });
  } else if (plan.state === 'Deleted') {
    events.push({
      type: 'Warning',
      reason: 'UpdateFailed',
      message: `${what}: Plan ${plan.name} was deleted before its end`,
    });
  } else {
    const failure = after.failures?.find(({ version }) => version === plan.version);
    const why = failure === undefined ? '' : `: ${failure.reason}: ${failure.message}`;
    events.push({
      type: 'Warning',
      reason: failure?.undone ? 'UpdateRolledBack' : 'UpdateFailed',
      message: `${what} has failed${why}`,
    });
  }
  return events;
}

/** When a channel begins to be refused, or is refused for another reason. */
function refusals(
  before: UpdateConfigStatus | undefined,
  after: UpdateConfigStatus,
): ChannelEvent[] {
  return ['Accepted', 'Followed'].flatMap((type) => {
    const now = after.conditions?.find((one) => one.type === type);
    const was = before?.conditions?.find((one) => one.type === type);
    if (now?.status !== 'False' || (was?.status === 'False' && was.reason === now.reason))
      return [];
    return [{ type: 'Warning' as const, reason: now.reason as Reason, message: now.message }];
  });
}
