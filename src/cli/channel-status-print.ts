import type { Exposure, UpdateConfig, UpdateConfigStatus } from '../api/update-config.ts';
import type { Paint } from './print-paint.ts';
import { columnsText } from './print-table.ts';
import { durationText, instantText } from './print-text.ts';

/** Whether its channel is followed, as far as the orchestrator has told. */
export function isFollowed({ status }: UpdateConfig): boolean {
  return ['Accepted', 'Followed'].every((type) => conditionOf(status, type)?.status !== 'False');
}

/** @returns lines, without their ends */
export function channelStatusText(configs: readonly UpdateConfig[], paint: Paint): string[] {
  if (configs.length === 0) return ['no channel is followed: there is no UpdateConfig'];
  return configs.flatMap((config, at) => [...(at === 0 ? [] : ['']), ...oneConfig(config, paint)]);
}

function oneConfig({ metadata, spec, status }: UpdateConfig, paint: Paint): string[] {
  const head = paint.strong(`${metadata.name}: channel ${spec.channel} of ${spec.updateServer}`);
  if (status?.conditions === undefined) {
    return [head, '  not looked after yet; is an orchestrator at work?'];
  }
  const rows: [string, string | undefined][] = [
    ['runs', status.currentVersion],
    ['channel', status.channelVersion && `offers ${status.channelVersion}`],
    ['next', nextOf(status)],
    ['followed', said(status, 'Followed')],
    [
      'spec',
      conditionOf(status, 'Accepted')?.status === 'False' ? said(status, 'Accepted') : undefined,
    ],
    ['window', status.window?.text],
    ['asked', askedOf(status)],
    ['plan', planOf(status)],
  ];
  return [
    head,
    ...rows.flatMap(([name, text]) => (text ? [`  ${name.padEnd(9)} ${text}`] : [])),
    ...(status.skipped ?? []).map(
      ({ version, reason, message }) => `  skipped   ${version}: ${reason}: ${message}`,
    ),
    ...releasesOf(status.releases ?? []),
  ];
}

function nextOf(status: UpdateConfigStatus): string | undefined {
  const upToDate = conditionOf(status, 'UpToDate');
  if (upToDate === undefined) return status.nextVersion;
  if (upToDate.status === 'True') return `nothing: ${upToDate.message}`;
  return `${status.nextVersion ?? 'nothing'} (${upToDate.reason}: ${upToDate.message})`;
}

function askedOf({ lastCheck, nextCheckAt }: UpdateConfigStatus): string | undefined {
  const next = nextCheckAt && `next at ${instantText(nextCheckAt)}`;
  if (lastCheck === undefined) return next;
  return [`${instantText(lastCheck.at)}: ${lastCheck.reason}`, next].filter(Boolean).join(', ');
}

function planOf({ plan, failures }: UpdateConfigStatus): string | undefined {
  if (plan === undefined) return undefined;
  const from = plan.from === undefined ? '' : `${plan.from} to `;
  const state =
    plan.finishedAt === undefined
      ? 'under way'
      : `${plan.state} at ${instantText(plan.finishedAt)}`;
  const failure = failures?.find(({ version }) => version === plan.version);
  const why = failure === undefined ? '' : `: ${failure.reason}: ${failure.message}`;
  return `${plan.name}, ${from}${plan.version}, ${state}${why}`;
}

function releasesOf(releases: readonly Exposure[]): string[] {
  if (releases.length === 0) return [];
  const rows = releases.map((one) => [
    one.version,
    one.severity ?? '-',
    instantText(one.releasedAt ?? one.seenAt),
    String(one.behind),
    one.nodeHours.toFixed(1),
    one.doneAt === undefined ? '-' : durationText(takenMs(one)),
    (one.cves ?? []).join(', '),
  ]);
  const heads = [
    'RELEASE',
    'SEVERITY',
    'RELEASED',
    'BEHIND',
    'NODE-HOURS',
    'TO LAST NODE',
    'MENDS',
  ];
  return columnsText([heads, ...rows]).map((line) => `  ${line}`);
}

/** From the release to the moment at which no machine was behind it any more. */
function takenMs({ releasedAt, seenAt, doneAt = seenAt }: Exposure): number {
  return Math.max(0, Date.parse(doneAt) - Date.parse(releasedAt ?? seenAt));
}

function said(status: UpdateConfigStatus, type: string): string | undefined {
  const found = conditionOf(status, type);
  return found && `${found.reason}: ${found.message}`;
}

function conditionOf(status: UpdateConfig['status'], type: string) {
  return status?.conditions?.find((one) => one.type === type);
}
