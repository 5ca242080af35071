import { SEVERITIES } from '../api/follow.ts';
import type { Exposure, UpdateConfigStatus } from '../api/update-config.ts';
import { type Sample, sample } from './catalogue.ts';
import { reasonLabel } from './world-samples.ts';

/** Of releases whose severity the index does not say. */
const UNKNOWN = 'unknown';

/** The gauges that tell of channels, from what is stored of them. @param statuses of all UpdateConfigs */
export function channelSamples(
  statuses: readonly (UpdateConfigStatus | undefined)[],
  nowMs: number,
): Sample[] {
  if (statuses.length === 0) return [];
  // Two channels may offer one release; it is one release all the same.
  const releases = new Map<string, Exposure>();
  const followed = new Map<string, number>();
  let oldestMs: number | undefined;
  for (const status of statuses) {
    for (const release of status?.releases ?? []) {
      const known = releases.get(release.version);
      if (known === undefined || known.nodeHours < release.nodeHours) {
        releases.set(release.version, release);
      }
    }
    const refused = ['Accepted', 'Followed']
      .map((type) => status?.conditions?.find((one) => one.type === type))
      .find((one) => one?.status !== 'True');
    const reason = refused === undefined ? 'IndexAccepted' : reasonLabel(refused.reason);
    followed.set(reason, (followed.get(reason) ?? 0) + 1);
    const answeredMs = Date.parse(status?.answeredAt ?? '');
    if (answeredMs < (oldestMs ?? Number.POSITIVE_INFINITY)) oldestMs = answeredMs;
  }
  return [
    ...[...followed].map(([reason, count]) => sample('autopilot_channels', { reason }, count)),
    ...(oldestMs === undefined
      ? []
      : [sample('autopilot_channel_answer_age_seconds', {}, Math.max(0, nowMs - oldestMs) / 1000)]),
    ...[...SEVERITIES, UNKNOWN].flatMap((severity) => {
      const ofIt = [...releases.values()].filter((one) => (one.severity ?? UNKNOWN) === severity);
      return ofIt.length === 0 ? [] : releaseSamples(severity, ofIt);
    }),
  ];
}

function releaseSamples(severity: string, releases: readonly Exposure[]): Sample[] {
  const label = { severity };
  const hours = releases.reduce((sum, { nodeHours }) => sum + nodeHours, 0);
  const behind = Math.max(...releases.map((one) => one.behind));
  const [last] = releases
    .filter(({ doneAt }) => doneAt !== undefined)
    .toSorted((a, b) => Date.parse(b.doneAt!) - Date.parse(a.doneAt!));
  return [
    sample('autopilot_channel_releases', label, releases.length),
    sample('autopilot_channel_machines_behind', label, behind),
    sample('autopilot_channel_node_hours', label, hours),
    ...(last === undefined
      ? []
      : [sample('autopilot_channel_release_to_last_node_seconds', label, secondsOf(last))]),
  ];
}

function secondsOf({ doneAt = '', releasedAt, seenAt }: Exposure): number {
  return Math.max(0, Date.parse(doneAt) - Date.parse(releasedAt ?? seenAt)) / 1000;
}
