import type { UpdateRun } from '../api/update-run.ts';
import type { Paint } from './print-paint.ts';
import { columnsText } from './print-table.ts';
import { durationText } from './print-text.ts';

/** Of which Plan, undefined: of all; `wide` tells of each run what became of it. */
export interface HistoryView {
  readonly plan: string | undefined;
  readonly wide: boolean;
}

/**
 * A table of runs, the newest first; of one Plan also what became of its last run.
 * @returns lines, without their ends
 */
export function historyText(
  runs: readonly UpdateRun[],
  { plan, wide }: HistoryView,
  paint: Paint,
): string[] {
  if (runs.length === 0) return ['no run of any Plan is kept'];
  const table = runs.map(({ spec, status }) => [
    spec.plan,
    spec.runID,
    secondText(status?.startedAt),
    tookText(status?.startedAt, status?.finishedAt),
    status?.state ?? '',
    status?.progress ?? '',
    spec.versions.join(', '),
    status?.reason ?? '',
  ]);
  const heads = ['PLAN', 'RUN', 'STARTED', 'TOOK', 'STATE', 'DONE', 'VERSIONS', 'REASON'];
  const told = wide ? runs : plan === undefined ? [] : runs.slice(0, 1);
  return [
    ...columnsText([heads, ...table]),
    ...told.flatMap((run) => ['', ...runText(run, paint)]),
  ];
}

function runText({ spec, status }: UpdateRun, paint: Paint): string[] {
  const applied =
    spec.appliedBy === undefined
      ? ''
      : `, its spec written with ${spec.appliedBy} at ${secondText(spec.appliedAt)}`;
  const transitions = status?.transitions ?? [];
  return [
    paint.strong(`Run ${spec.runID} of Plan ${spec.plan}${applied}`),
    ...(status?.message === undefined ? [] : [`  ${status.message}`]),
    ...transitions.flatMap(({ at, reason, message, by }) => [
      `${paint.dim(secondText(at))}  ${reason}: ${message} ${paint.dim(`[${by}]`)}`,
    ]),
  ];
}

/** `2026-03-07 22:00:04 UTC` */
function secondText(iso: string | undefined): string {
  return iso === undefined ? '' : `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}

function tookText(from: string | undefined, to: string | undefined): string {
  if (from === undefined || to === undefined) return '-';
  return durationText(Math.max(0, Date.parse(to) - Date.parse(from)));
}
