import type { Paint } from '../../src/cli/print-paint.ts';
import { shareOf, styleOf } from '../../src/cli/print-phase.ts';
import { bar, fit, pad } from '../../src/cli/print-table.ts';
import type { HostView, World } from '../../test/support/observe/world.ts';
import { seconds } from './seconds.ts';

/** What the table shows beside the world itself. */
export interface Surroundings {
  readonly title: string;
  readonly elapsedMs: number;
  readonly replicas: { readonly wanted: number; readonly budget: number; readonly lowest: number };
  readonly api: { readonly asked: number; readonly answered: number };
  /** How long a host that has ended was touched, by name. */
  readonly touchedMs: ReadonlyMap<string, number>;
}

/** From here on each row has a bar, and from the other on both versions. */
const WITH_BAR = 100;
const WITH_BOTH = 120;
const BAR = 10;
/** `↓ downloading` */
const PHASE = 13;

/**
 * The live picture of an update.
 * @param columns of the terminal; no line is longer
 * @returns lines, without their ends
 */
export function table(
  world: World,
  around: Surroundings,
  columns: number,
  paint: Paint,
): readonly string[] {
  const width = Math.min(Math.max(columns, 40), 200) - 1;
  const { done, total } = progressOf(world);
  const share =
    world.hosts.length === 0
      ? 0
      : world.hosts.reduce((sum, host) => sum + shareOf(host), 0) / world.hosts.length;
  const count = `${done}/${total}`;
  const time = seconds(around.elapsedMs);
  const title = fit(around.title, Math.max(width - 40, 20));
  return [
    '',
    `  ${paint.strong(title)}  ${paint.busy(bar(share, 20))} ${count}  ${paint.dim(time)}`,
    '',
    ...rows(world, around, width, paint),
    '',
    `  ${paint.dim(pad('waits for', 10))}${fit(world.plan?.status?.waitsFor || '-', width - 12)}`,
    ...footer(world, around, width, paint),
  ];
}

function progressOf(world: World): { done: number; total: number } {
  const { done = 0, total = world.hosts.length } = world.plan?.status?.progress ?? {};
  return { done, total };
}

function rows(world: World, around: Surroundings, width: number, paint: Paint): readonly string[] {
  const names = Math.max(4, ...world.hosts.map(({ name }) => name.length));
  const zones = Math.max(4, ...world.hosts.map(({ zone }) => zone?.length ?? 0));
  const longest = Math.max(7, ...world.hosts.map(({ version }) => version?.length ?? 0));
  // As wide as it can become, so that nothing moves sideways while one looks at it.
  const versions = width >= WITH_BOTH - 1 ? 2 * longest + 3 : longest + 2;
  const cells = (
    name: string,
    role: string,
    zone: string,
    progress: string,
    version: string,
    phase: string,
  ) =>
    [
      pad(name, names),
      pad(role, 10),
      pad(zone, zones),
      ...(width >= WITH_BAR - 1 ? [progress] : []),
      pad(version, versions),
      phase,
    ].join('  ');
  const head = cells('NODE', 'ROLE', 'ZONE', pad('', BAR), 'VERSION', 'PHASE');
  const left = head.length - 'PHASE'.length + 2;
  return [
    `  ${paint.dim(head)}`,
    ...world.hosts.map((host) => {
      const style = styleOf(host.phase);
      const colour = { idle: paint.dim, busy: paint.busy, good: paint.good, bad: paint.bad }[
        style.mood
      ];
      const phase = pad(`${style.sign} ${style.words}`, PHASE);
      const why = fit(whyOf(host, around), Math.max(width - left - PHASE - 2, 0));
      const progress = colour(bar(shareOf(host), BAR));
      const version = versionsOf(host, width);
      const last = `${colour(phase)}  ${style.mood === 'bad' ? why : paint.dim(why)}`;
      return `  ${cells(host.name, host.role, host.zone ?? '', progress, version, last)}`;
    }),
  ];
}

/** `v1.36.1+k0s.0`, and what it was where there is room for it. */
function versionsOf({ version = '', previousVersion, phase }: HostView, width: number): string {
  if (phase === 'Committed' || previousVersion === undefined || previousVersion === version) {
    return version;
  }
  return `${width >= WITH_BOTH - 1 ? `${previousVersion} ` : ''}→ ${version || '?'}`;
}

function whyOf(host: HostView, { touchedMs }: Surroundings): string {
  const took = touchedMs.get(host.name);
  if (host.phase === 'Committed') return took === undefined ? '' : `in ${seconds(took)}`;
  const cordoned = host.cordoned ? 'cordoned; ' : '';
  const notReady = host.ready === false ? 'not Ready; ' : '';
  return cordoned + notReady + (host.message ?? '');
}

function footer(
  { readyReplicas }: World,
  { replicas, api }: Surroundings,
  width: number,
  paint: Paint,
): readonly string[] {
  const kept = replicas.lowest >= replicas.budget;
  const workload = `${readyReplicas}/${replicas.wanted} replicas ready, lowest ${replicas.lowest}, budget ${replicas.budget}`;
  const availability =
    api.asked === 0 ? '-' : `${percent(api.answered, api.asked)} of ${api.asked} requests answered`;
  return [
    `  ${paint.dim(pad('workload', 10))}${(kept ? paint.good : paint.bad)(fit(workload, width - 12))}`,
    `  ${paint.dim(pad('API', 10))}${fit(availability, width - 12)}`,
  ];
}

/** Never rounds up to 100 %. */
export function percent(part: number, whole: number): string {
  if (whole === 0 || part >= whole) return '100 %';
  return `${(Math.floor((part / whole) * 1000) / 10).toFixed(1)} %`;
}
