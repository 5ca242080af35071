import type { K0sUnit } from './k0s-unit.ts';

/** Properties as `systemctl show` prints them. */
export type Properties = ReadonlyMap<string, string>;

/** All that is asked of a unit to know how it stands. */
export const STATE_PROPERTIES = [
  'ActiveState',
  'SubState',
  'Result',
  'MainPID',
  'NRestarts',
  'ConditionResult',
  'InvocationID',
  'Job',
  'ExecMainStartTimestampMonotonic',
  'InactiveEnterTimestampMonotonic',
] as const;

export const UNIT_PROPERTIES = [
  'Id',
  'LoadState',
  'ActiveState',
  'UnitFileState',
  'MainPID',
  'ExecStart',
  'Environment',
] as const;

export interface UnitState {
  readonly pid: number | undefined;
  /** By itself, since it was last started or restarted by somebody. */
  readonly exits: number;
  /** Whether something that was asked of the unit is still to be done. */
  readonly isBusy: boolean;
  /** When the newest process was started; microseconds since boot, 0 for never. */
  readonly startedUs: number;
  /** When the unit last had nothing running; microseconds since boot, 0 for never. */
  readonly stoppedUs: number;
  /** Of the newest start; everything that its process printed bears it. Empty when there was none. */
  readonly invocation: string;
  /** `activating/auto-restart, exit-code`: for messages. */
  readonly words: string;
}

/** @param text one block per unit, with an empty line between */
export function parseShow(text: string): readonly Properties[] {
  return text
    .split(/\n\s*\n/)
    .map((block) => {
      const found = new Map<string, string>();
      for (const line of block.split('\n')) {
        const at = line.indexOf('=');
        if (at > 0) found.set(line.slice(0, at), line.slice(at + 1));
      }
      return found;
    })
    .filter((properties) => properties.size > 0);
}

export function unitState(properties: Properties): UnitState {
  const text = (name: string) => properties.get(name) ?? '';
  const count = (name: string) => Number.parseInt(text(name), 10) || 0;
  const pid = count('MainPID');
  // systemd counts a restart when it is begun: an exit that waits for RestartSec, or was the last one, is not
  // in it yet. A unit that somebody has stopped is `inactive` with the result `success`.
  const waits = text('SubState') === 'auto-restart';
  const gaveUp = text('ActiveState') === 'failed' && text('Result') !== 'start-limit-hit';
  const condition = text('ConditionResult') === 'no' ? ', a condition of the unit is not met' : '';
  return {
    pid: pid === 0 ? undefined : pid,
    exits: count('NRestarts') + (waits || gaveUp ? 1 : 0),
    isBusy: text('Job') !== '' && text('Job') !== '0',
    startedUs: count('ExecMainStartTimestampMonotonic'),
    stoppedUs: count('InactiveEnterTimestampMonotonic'),
    invocation: text('InvocationID'),
    words: `${text('ActiveState')}/${text('SubState')}, ${text('Result')}${condition}`,
  };
}

/**
 * From the old process's end to the new one's start.
 * @param before of a unit whose process was running
 * @returns undefined where systemd no longer knows: nothing ran before, or the new process has ended already
 */
export function gapOf(before: UnitState, after: UnitState): number | undefined {
  if (before.pid === undefined || after.stoppedUs <= before.stoppedUs) return undefined;
  const gapUs = after.startedUs - after.stoppedUs;
  return gapUs < 0 ? undefined : gapUs / 1000;
}

/**
 * The unit that runs k0s, of those that were asked for: one that is there, rather one that is running, rather
 * one that is enabled.
 * @returns all that are as good as each other; none where none is there
 */
export function chooseUnits(asked: readonly Properties[]): readonly Properties[] {
  const there = asked.filter((one) => one.get('LoadState') === 'loaded');
  const rank = (one: Properties) =>
    (one.get('ActiveState') === 'inactive' ? 0 : 2) +
    (one.get('UnitFileState')?.startsWith('enabled') ? 1 : 0);
  const best = Math.max(...there.map(rank));
  return there.filter((one) => rank(one) === best);
}

/**
 * The unit as it will be started next, drop-ins included.
 * @param running arguments of its process, the binary first, where one runs
 * @returns undefined where the unit starts nothing
 */
export function k0sUnitOf(
  properties: Properties,
  running: readonly string[] | undefined,
): K0sUnit | undefined {
  // the last one counts: a unit may prepare things with others of Type=oneshot, k0s's own has one
  const commands = (properties.get('ExecStart') ?? '').split(/ (?=\{ path=)/);
  const [, binary, shown] =
    /^\{ path=(.*?) ; argv\[\]=([\s\S]*?) ; ignore_errors=/.exec(commands.at(-1) ?? '') ?? [];
  if (binary === undefined || shown === undefined) return undefined;
  return {
    manager: 'systemd',
    name: properties.get('Id') ?? '',
    binary,
    args: argumentsOf(shown, running),
    hostname: /(?:^|[\s"])AUTOPILOT_HOSTNAME=([^\s"]+)/.exec(
      properties.get('Environment') ?? '',
    )?.[1],
  };
}

/**
 * systemctl prints arguments with spaces between, and no quotes: an argument that has spaces of its own
 * cannot be told from several. The process that was started from the same line tells, and has variables
 * filled in.
 */
function argumentsOf(shown: string, running: readonly string[] | undefined): readonly string[] {
  const split = shown.split(/\s+/).slice(1);
  if (running === undefined) return split;
  const same = running.slice(1).join(' ') === shown.split(' ').slice(1).join(' ');
  return same || split.some((word) => word.includes('$')) ? running.slice(1) : split;
}
