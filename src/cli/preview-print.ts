import { REASONS, type Reason } from '../api/reasons.ts';
import type { PreviewedDrain } from '../plans/preview-drains.ts';
import type { CommandReport, PreviewReport, Skew } from '../plans/preview-report.ts';
import type { Paint } from './print-paint.ts';
import { countText, durationText, instantText, namesText } from './print-text.ts';

/** How much of long lists is told; `wide` tells all. */
interface Shown {
  readonly names: number;
  readonly blockers: number;
}
const SHORT: Shown = { names: 6, blockers: 20 };
const WIDE: Shown = { names: Number.POSITIVE_INFINITY, blockers: Number.POSITIVE_INFINITY };

/**
 * @param fixOf what to do about a reason
 * @param wide every name and every pod that stands in the way
 * @returns lines, without their ends
 */
export function previewText(
  report: PreviewReport,
  paint: Paint,
  fixOf: (reason: Reason) => string | undefined,
  wide = false,
): string[] {
  const much = wide ? WIDE : SHORT;
  const said = (mark: string, { reason, message }: PreviewReport['refusals'][number]) => {
    const fix = reason in REASONS ? fixOf(reason as Reason) : undefined;
    return [
      `  ${mark} ${reason}: ${message}`,
      ...(fix === undefined ? [] : [paint.dim(`    ${fix}`)]),
    ];
  };
  return [
    verdict(report, paint),
    ...report.refusals.flatMap((one) => said(paint.bad('✖'), one)),
    ...report.warnings.flatMap((one) => said(paint.busy('!'), one)),
    ...report.notes.map((note) => `  ${paint.dim('·')} ${note}`),
    ...report.commands.flatMap((command) => ['', ...commandText(command, paint, much)]),
    ...drainText(report.drains, paint, much),
    ...(report.outcome === 'refused'
      ? []
      : ['', ...skewText(report), '', ...timeText(report, paint)]),
  ];
}

function verdict(report: PreviewReport, paint: Paint): string {
  const plan = paint.strong(`Plan ${report.plan}`);
  switch (report.outcome) {
    case 'refused':
      return `${plan} ${paint.bad('would be refused')}; nothing would be touched:`;
    case 'stuck':
      return `${plan} ${paint.bad('would not get to its end')} as things are, even if nothing fails: ${report.reason}: ${report.message}`;
    case 'completes':
      return `${plan} ${paint.good('may run')}. If nothing fails, this is its course:`;
  }
}

function commandText(command: CommandReport, paint: Paint, much: Shown): string[] {
  const { index, kind, wanted, steps, skipped, from, backupOn, approvals, jobs, gates } = command;
  const width = Math.max(0, ...steps.map(({ afterMs }) => durationText(afterMs).length));
  const versions = Object.entries(from).map(
    ([version, names]) => `  from ${version}: ${namesText(names, much.names)}`,
  );
  const isInBatches = steps.some(({ batch = 1 }) => batch > 1);
  const rows = steps.map(({ role, names, emptied, batch, afterMs }) => {
    const who =
      kind === 'airgapupdate'
        ? 'deliver to'
        : role === 'worker' && isInBatches
          ? `batch ${batch}`
          : role;
    const first = emptied === undefined ? '' : `, its Node ${emptied} is emptied first`;
    const after = paint.dim(`+${durationText(afterMs).padEnd(width)}`);
    return `  ${after}  ${who.padEnd(10)}  ${names.join(', ')}${first}`;
  });
  return [
    paint.strong(`commands[${index}] ${kind} to ${wanted}`),
    ...versions,
    ...(skipped.length === 0 ? [] : [`  there already: ${namesText(skipped, much.names)}`]),
    ...(backupOn === undefined ? [] : [`  k0s backup first, on ${backupOn}`]),
    ...(approvals.length === 0
      ? []
      : [`  waits for a person here: ${namesText(approvals, much.names)}`]),
    ...(jobs.length === 0 ? [] : [`  Jobs: ${namesText(jobs, much.names)}`]),
    ...(gates.length === 0 || steps.length === 0
      ? []
      : [`  gates to be passed: ${namesText(gates, much.names)}`]),
    ...(rows.length === 0 ? ['  nothing to do'] : rows),
  ];
}

function drainText(drains: readonly PreviewedDrain[], paint: Paint, much: Shown): string[] {
  if (drains.length === 0) return [];
  const pods = drains.reduce((sum, drain) => sum + drain.pods, 0);
  const blocked = drains.flatMap(({ node, blockers }) => blockers.map((one) => ({ node, ...one })));
  const marks = { never: paint.bad('✖'), now: paint.busy('!'), lost: paint.busy('!') };
  const shown = blocked.slice(0, much.blockers);
  return [
    '',
    paint.strong('drains'),
    `  ${countText(pods, 'pod')} on ${countText(drains.length, 'worker')} would be evicted${blocked.length === 0 ? '; nothing stands in the way now' : ''}`,
    ...shown.map(({ node, pod, kind, message }) => `  ${marks[kind]} ${node}: ${pod}: ${message}`),
    ...(blocked.length > shown.length
      ? [`  and ${blocked.length - shown.length} more; -o wide has all`]
      : []),
  ];
}

function skewText({ skew }: PreviewReport): string[] {
  return [`versions before  ${skewLine(skew.before)}`, `         after   ${skewLine(skew.after)}`];
}

function skewLine({ controllers, kubelets, minorsBehind }: Skew): string {
  const range = (of: readonly [string, string] | undefined) =>
    of === undefined ? 'none known' : of[0] === of[1] ? of[0] : `${of[0]} to ${of[1]}`;
  const skew =
    minorsBehind === undefined || Number.isNaN(minorsBehind)
      ? ''
      : minorsBehind === 0
        ? '; no skew'
        : minorsBehind < 0
          ? `; kubelets ${countText(-minorsBehind, 'minor version')} AHEAD`
          : `; kubelets up to ${countText(minorsBehind, 'minor version')} behind`;
  return `controllers ${range(controllers)}, kubelets ${range(kubelets)}${skew}`;
}

function timeText({ time, outcome }: PreviewReport, paint: Paint): string[] {
  const { startsAt, endsAt, durationMs, closesAt, closed, pace } = time;
  const lines: string[] = [];
  if (durationMs !== undefined && endsAt !== undefined) {
    lines.push(
      `takes about ${durationText(durationMs)}: ${instantText(startsAt)} to ${instantText(endsAt)}`,
    );
  }
  if (closed.length === 0 && closesAt !== undefined && outcome === 'completes') {
    lines.push(`fits: the window that is open now closes ${instantText(closesAt)}`);
  }
  for (const { from, to, why } of closed) {
    lines.push(`nothing is begun from ${instantText(from)} to ${instantText(to)}: ${why}`);
  }
  lines.push(paint.dim(paceText(pace)));
  return lines;
}

/** What the times above rest on. */
function paceText(pace: PreviewReport['time']['pace']): string {
  const s = (ms: number) => durationText(ms);
  const { controllers, workers } = pace.measured;
  const isMeasured = controllers + workers > 0;
  const from = [
    ...(controllers > 0 ? [countText(controllers, 'controller')] : []),
    ...(workers > 0 ? [countText(workers, 'worker')] : []),
  ].join(' and ');
  const basis = isMeasured
    ? `from turn to commit as ${from} took in earlier runs, the rest assumed`
    : 'assumed, not measured';
  return `${basis}: download ${s(pace.downloadMs)}, backup ${s(pace.backupMs)}, drain ${s(pace.drainMs)}, restart ${s(pace.restartMs)}, then healthy after ${s(pace.controllerHealthMs)} (controller) or ${s(pace.workerHealthMs)} (worker); nothing fails`;
}
