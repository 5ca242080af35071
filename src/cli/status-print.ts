import type { Paint } from './print-paint.ts';
import { styleOf } from './print-phase.ts';
import { bar, fit, pad } from './print-table.ts';
import { durationText } from './print-text.ts';
import type { HostLine, PlanLine, StatusReport } from './status-view.ts';

export interface Sheet {
  readonly paint: Paint;
  /** Of the terminal; no line is longer. */
  readonly columns: number;
  /** Everything, however long its lines become. */
  readonly wide: boolean;
}

const BAR = 10;
/** From here on a host has a bar. */
const WITH_BAR = 100;

/** @returns lines, without their ends */
export function statusText(report: StatusReport, sheet: Sheet): string[] {
  return [
    leaderLine(report, sheet),
    ...section(planRows(report.plans, sheet), 'no Plan is stored'),
    ...section(hostRows(report.hosts, sheet), 'no host is known'),
    ...agentLine(report.hosts, sheet),
  ];
}

/** One host with all that is known of it. */
export function hostText(host: HostLine, { paint }: Sheet): string[] {
  const style = styleOf(host.phase);
  const colour = colourOf(style.mood, paint);
  const age =
    host.reportAgeMs === undefined ? '' : `, last report ${durationText(host.reportAgeMs)} ago`;
  const agent =
    host.agentVersion === undefined ? host.agent : `${host.agent} (${host.agentVersion}${age})`;
  const { bytes } = host.signal ?? {};
  const rows: readonly (readonly [string, string])[] = [
    ['role', host.role],
    ['k0s', `${host.version}${host.kept === undefined ? '' : `, can go back to ${host.kept}`}`],
    ['kubelet', host.ready === undefined ? '' : host.ready ? 'Ready' : paint.bad('not Ready')],
    ['cordoned', host.cordoned ? 'yes' : ''],
    ['agent', host.agent === 'fresh' ? agent : paint.bad(agent)],
    ['free', host.freeBytes === undefined ? '' : sizeText(host.freeBytes)],
    ['Plan', host.plan ?? ''],
    [
      'phase',
      host.phase === undefined
        ? ''
        : `${colour(`${bar(host.share, 20)} ${style.sign} ${style.words}`)}${host.sinceMs === undefined ? '' : `, for ${durationText(host.sinceMs)}`}`,
    ],
    [
      'download',
      host.phase !== 'Downloading' || bytes === undefined
        ? ''
        : `${sizeText(bytes.done)}${bytes.total === undefined ? '' : ` of ${sizeText(bytes.total)}`}`,
    ],
    ['reason', host.reason ?? ''],
    ['message', host.message ?? ''],
  ];
  return [
    paint.strong(host.name),
    ...rows
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `  ${paint.dim(pad(name, 9))} ${value}`),
  ];
}

function leaderLine({ leader }: StatusReport, { paint, columns, wide }: Sheet): string {
  const width = wide ? Number.POSITIVE_INFINITY : columns;
  switch (leader.kind) {
    case 'alive':
      return fit(`leader  ${leader.holder}`, width);
    case 'k0s':
      return paint.bad(
        fit(`leader  k0s's own Autopilot (${leader.holder}): ours stands by`, width),
      );
    case 'unknown':
      return paint.dim(fit('leader  not known: no right to read its Lease', width));
    case 'gone':
      return paint.bad(fit('leader  none: nothing is begun, autopilot doctor says why', width));
  }
}

function section(rows: readonly string[], none: string): string[] {
  return ['', ...(rows.length > 1 ? rows : [none])];
}

function planRows(plans: readonly PlanLine[], sheet: Sheet): string[] {
  const { paint } = sheet;
  return rows(
    ['PLAN', 'STATE', '', 'DONE', 'VERSION', 'AGE', 'WAITS FOR'],
    plans.map((plan) => {
      const share = plan.total === 0 ? 0 : plan.done / plan.total;
      const colour =
        plan.state === 'Completed' ? paint.good : isBad(plan.state) ? paint.bad : paint.busy;
      return {
        cells: [
          plan.name,
          plan.state,
          bar(share, BAR),
          `${plan.done}/${plan.total}`,
          plan.version,
          durationText(plan.ageMs),
          plan.waitsFor,
        ],
        colours: [paint.strong, colour, colour, same, same, paint.dim, same],
      };
    }),
    sheet,
  );
}

function isBad(state: string): boolean {
  return ['ApplyFailed', 'IncompleteTargets', 'Restricted', 'Warning'].includes(state);
}

function hostRows(hosts: readonly HostLine[], sheet: Sheet): string[] {
  const { paint, columns, wide } = sheet;
  const withBar = wide || columns >= WITH_BAR;
  const heads = ['HOST', 'ROLE', ...(withBar ? [''] : []), 'VERSION', 'PHASE', 'FOR'];
  return rows(
    [...heads, ...(wide ? ['AGENT', 'KEPT'] : []), 'MESSAGE'],
    hosts.map((host) => {
      const style = styleOf(host.phase);
      const colour = colourOf(style.mood, paint);
      const trouble = [
        ...(host.agent === 'fresh' ? [] : [`agent ${host.agent}`]),
        ...(host.ready === false ? ['not Ready'] : []),
        ...(host.cordoned ? ['cordoned'] : []),
      ];
      const phase = host.phase === undefined ? '' : `${style.sign} ${style.words}`;
      return {
        cells: [
          ...[host.name, host.role, ...(withBar ? [host.phase ? bar(host.share, BAR) : ''] : [])],
          ...[host.version, phase, host.sinceMs === undefined ? '' : durationText(host.sinceMs)],
          ...(wide ? [`${host.agent} ${host.agentVersion ?? ''}`.trim(), host.kept ?? ''] : []),
          [...trouble, ...(host.message ? [host.message] : [])].join('; '),
        ],
        colours: [
          ...[paint.strong, same, ...(withBar ? [colour] : []), same, colour, paint.dim],
          ...(wide ? [same, same] : []),
          style.mood === 'bad' || trouble.length > 0 ? paint.bad : paint.dim,
        ],
      };
    }),
    sheet,
  );
}

/** Of many that are well, one line says enough. */
function agentLine(hosts: readonly HostLine[], { paint }: Sheet): string[] {
  const away = hosts.filter(({ agent }) => agent !== 'fresh').length;
  return away === 0
    ? []
    : ['', paint.bad(`${away} of ${hosts.length} agents do not report: autopilot doctor`)];
}

interface Row {
  readonly cells: readonly string[];
  readonly colours: readonly ((text: string) => string)[];
}

/** A table that fits: the last column takes what is left. Colours come after the padding, which they would upset. */
function rows(
  heads: readonly string[],
  all: readonly Row[],
  { paint, columns, wide }: Sheet,
): string[] {
  const table = [{ cells: heads, colours: heads.map(() => paint.dim) }, ...all];
  const last = heads.length - 1;
  const widths = heads.map((_, at) =>
    Math.max(...table.map(({ cells }) => [...cells[at]!].length)),
  );
  const left = columns - widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  if (!wide) widths[last] = Math.max(0, left);
  return table.map(({ cells, colours }) =>
    cells
      .map((cell, at) => {
        const width = widths[at]!;
        return colours[at]!(at === last ? fit(cell, width) : pad(cell, width));
      })
      .join('  ')
      .trimEnd(),
  );
}

function same(text: string): string {
  return text;
}

function colourOf(mood: 'idle' | 'busy' | 'good' | 'bad', paint: Paint): (text: string) => string {
  return { idle: paint.dim, busy: paint.busy, good: paint.good, bad: paint.bad }[mood];
}

/** `231 MB`: as disks are sold. */
function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let at = 0;
  while (size >= 1_000 && at < units.length - 1) {
    size /= 1_000;
    at++;
  }
  return `${size < 10 && at > 0 ? size.toFixed(1) : Math.round(size)} ${units[at]}`;
}
