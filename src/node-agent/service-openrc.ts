import type { K0sUnit } from './k0s-unit.ts';

/** What OpenRC and its supervise-daemon keep of a service while it is started; absent once it is stopped. */
export interface OpenrcFacts {
  /** Pid of the process that supervise-daemon started last; it may have ended since. */
  readonly childPid: number | undefined;
  /** How often it was started again since the service was. */
  readonly startCount: number | undefined;
  /** So often it is started again before supervise-daemon gives up; 0 is for ever. */
  readonly respawnMax: number | undefined;
  /** OpenRC's own mark: the service could not be started, or was given up. */
  readonly hasFailed: boolean;
  /** Of {@link childPid}, where it is a live child of the service's supervisor. */
  readonly isAlive: boolean;
}

/** supervise-daemon's own, where a service does not say. */
const RESPAWN_MAX = 10;

/**
 * @param lastMax as it was when the service was last seen started: supervise-daemon forgets everything when
 * it gives up
 */
export function openrcState(
  facts: OpenrcFacts,
  lastMax: number | undefined,
): { readonly pid: number | undefined; readonly exits: number } {
  const { childPid, startCount, isAlive } = facts;
  if (childPid !== undefined && isAlive) return { pid: childPid, exits: startCount ?? 0 };
  // it has ended and waits to be started again
  if (childPid !== undefined) return { pid: undefined, exits: (startCount ?? 0) + 1 };
  if (!facts.hasFailed) return { pid: undefined, exits: 0 };
  return { pid: undefined, exits: (lastMax ?? RESPAWN_MAX) + 1 };
}

/** What an init script says, once a shell has read it. */
export interface InitScript {
  readonly binary: string;
  readonly args: readonly string[];
  readonly hostname: string | undefined;
  /** Where it sends what the process prints. */
  readonly logs: readonly string[];
}

/**
 * Prints the binary, AUTOPILOT_HOSTNAME, the number of supervise-daemon's arguments, those, and k0s's
 * arguments, each ended by a NUL. Reads the files as openrc-run does: conf.d first, then the script, then
 * `eval` for the quotes within `command_args`.
 */
export const READ_INIT_SCRIPT = `
RC_SVCNAME=$3
export RC_SVCNAME
[ -r "$2" ] && . "$2" >/dev/null
. "$1" >/dev/null
eval "set -- \${output_log:+--stdout \\"$output_log\\"} \${error_log:+--stderr \\"$error_log\\"} $supervise_daemon_args"
printf '%s\\0' "$command" "$AUTOPILOT_HOSTNAME" "$#" "$@"
eval "set -- $command_args $command_args_foreground"
[ "$#" -eq 0 ] || printf '%s\\0' "$@"
`;

/** @param printed by {@link READ_INIT_SCRIPT}; undefined where the script names no command */
export function parseInitScript(printed: string): InitScript | undefined {
  const [binary, hostname, count, ...rest] = printed.split('\0').slice(0, -1);
  if (binary === undefined || binary === '' || count === undefined) return undefined;
  const forDaemon = rest.slice(0, Number(count));
  return {
    binary,
    hostname: hostname || undefined,
    logs: logsOf(forDaemon),
    args: rest.slice(Number(count)),
  };
}

export function openrcUnit(name: string, { binary, args, hostname }: InitScript): K0sUnit {
  return { manager: 'openrc', name, binary, args, hostname };
}

/** Errors last: what is printed last of both is what is shown. */
function logsOf(args: readonly string[]): readonly string[] {
  const found = new Map<string, string>();
  for (const [at, arg] of args.entries()) {
    const [, long, value] = /^--(stdout|stderr)(?:=(.*))?$/.exec(arg) ?? [];
    const name = long ?? { '-1': 'stdout', '-2': 'stderr' }[arg];
    if (name !== undefined) found.set(name, value ?? args[at + 1] ?? '');
  }
  return ['stdout', 'stderr'].flatMap((name) => found.get(name) || []);
}

/** Of `/proc/PID/stat`: the parent, and when it was started, in milliseconds since boot. */
export function parseStat(text: string): { readonly parent: number; readonly startedMs: number } {
  // the second field is a name in brackets, which may hold anything
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), startedMs: Number(fields[19]) * MS_PER_TICK };
}

/** The kernel tells user space a hundred ticks a second, whatever its own clock is. */
const MS_PER_TICK = 10;
