import { posix } from 'node:path';

/** k0s as a service of this host, as its own service manager has it. */
export interface K0sUnit {
  readonly manager: 'systemd' | 'openrc';
  /** `k0sworker.service` at systemd, `k0sworker` at OpenRC. */
  readonly name: string;
  /** The file that is run, as the unit names it; a link has not been followed. */
  readonly binary: string;
  /** Everything after the binary. */
  readonly args: readonly string[];
  /** `AUTOPILOT_HOSTNAME` of k0s's own environment, which names its ControlNode. */
  readonly hostname: string | undefined;
}

/** What k0s was told on its command line, as far as an agent must know it. */
export interface K0sCommand {
  /** Undefined where the command line is not one of k0s's two. */
  readonly role: 'controller' | 'worker' | undefined;
  readonly mode: 'controller' | 'controller+worker';
  readonly dataDir: string;
  readonly statusSocket: string;
  /** The kubelet's `--hostname-override`: the name of its Node. */
  readonly nodeName: string | undefined;
}

/** As `k0s install` names them. */
export const UNIT_NAMES = ['k0scontroller', 'k0sworker'] as const;

const DATA_DIR = '/var/lib/k0s';
const RUN_DIR = '/run/k0s';

/**
 * Reads the arguments of `k0s controller` or `k0s worker`.
 * @param args without the binary
 * @see k0s, docs/cli
 */
export function readK0sCommand(args: readonly string[]): K0sCommand {
  const flags = readFlags(args);
  const role = args.find((arg) => arg === 'controller' || arg === 'worker');
  const dataDir = absolute(flags.get('data-dir') ?? DATA_DIR);
  const runDir = absolute(flags.get('run-dir') ?? RUN_DIR);
  const kubelet = readFlags((flags.get('kubelet-extra-args') ?? '').split(/\s+/));
  return {
    role: role as K0sCommand['role'],
    // a single node is both as well
    mode:
      isOn(flags, 'enable-worker') || isOn(flags, 'single') ? 'controller+worker' : 'controller',
    dataDir,
    statusSocket: absolute(flags.get('status-socket') ?? posix.join(runDir, 'status.sock')),
    nodeName: kubelet.get('hostname-override') || flags.get('hostname-override') || undefined,
  };
}

/** k0s's flags that stand alone; any other one without `=` is followed by its value. */
const SWITCHES =
  /^(enable-.*|single|no-taints|debug|d|verbose|v|init-only|ignore-pre-flight-checks|help|h)$/;

/** The last value of each flag. Of a switch the value is `true` unless it says otherwise. */
function readFlags(args: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const [, name, value] = /^--?([a-z0-9][a-z0-9-]*)(?:=([\s\S]*))?$/.exec(args[at] ?? '') ?? [];
    if (name === undefined) continue;
    if (value !== undefined) found.set(name, value);
    else if (SWITCHES.test(name)) found.set(name, 'true');
    else found.set(name, args[++at] ?? '');
  }
  return found;
}

/** As Go's flags read a boolean. */
function isOn(flags: ReadonlyMap<string, string>, name: string): boolean {
  return /^(1|t|true)$/i.test(flags.get(name) ?? '');
}

/** Service managers start their services in `/`. */
function absolute(path: string): string {
  return posix.resolve('/', path);
}
