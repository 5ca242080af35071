import { PLUGIN_COMPLETION, PLUGIN_COMPLETION_NAME, PLUGIN_NAME } from './plugin.ts';
import { OPENRC_FLAGS, OPENRC_LOGS, OPENRC_SCRIPTS } from './units-openrc.ts';
import {
  CONTROLLER_KUBECONFIG,
  PROGRAM,
  SYSTEMD_FLAGS,
  SYSTEMD_UNITS,
  USER,
} from './units-systemd.ts';

/** What is installed on a host: its agent, an orchestrator of the cluster, or both as one service. */
export const PARTS = ['agent', 'controller', 'both'] as const;
export type Part = (typeof PARTS)[number];
export type Manager = 'systemd' | 'openrc';

export interface Folder {
  readonly path: string;
  readonly mode: number;
  /** Of the group `autopilot`; root's otherwise. */
  readonly forUser?: boolean;
}

export interface TextFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
  /** Made once, and the administrator's from then on. */
  readonly isTheirs: boolean;
}

/** A second name of a file beside it. */
export interface Link {
  readonly path: string;
  readonly to: string;
}

/** What proves to the API server who somebody is; made by k0s. */
export interface KubeconfigFile {
  readonly path: string;
  readonly mode: number;
  readonly owner: 'root' | typeof USER;
  readonly of: 'agent' | 'orchestrator';
}

/** All of an installation: whatever is on the host beyond this is not of it. */
export interface Wanted {
  readonly folders: readonly Folder[];
  readonly files: readonly TextFile[];
  readonly links: readonly Link[];
  readonly kubeconfigs: readonly KubeconfigFile[];
  /** In this order: enabled and started. */
  readonly services: readonly string[];
  /** Ours as well, and not of this installation: stopped, disabled and removed where they are there. */
  readonly otherServices: readonly string[];
  readonly needsUser: boolean;
}

export interface Choice {
  readonly part: Part;
  readonly manager: Manager;
  /** Edge mode: the agent runs from time to time. */
  readonly edge: boolean;
  /** The host is a controller, whose agent needs a credential of its own. */
  readonly isController: boolean;
  /** Of k0s's own, where an agent has to be told. */
  readonly serviceName?: string | undefined;
  /** The ControlNode of the host, where that is not called as the host is. */
  readonly ownHost?: string | undefined;
}

const AGENT_KUBECONFIG = '/etc/autopilot/kubeconfig';
const POLICY_FILE = '/etc/autopilot/agent.yaml';
const POLICY = `# ${POLICY_FILE}: what the owner of this host allows; nothing in the cluster can loosen it.
# As it is, everything is as if this file were not there. docs/usage/agent-policy.md has all fields.
`;
export const STATE_FOLDER = '/var/lib/autopilot';

const BIN = PROGRAM.slice(0, PROGRAM.lastIndexOf('/'));
/** By these names kubectl finds a plugin, and who completes its words. */
const PLUGIN: Link = { path: `${BIN}/${PLUGIN_NAME}`, to: 'autopilot' };
const COMPLETES: TextFile = {
  path: `${BIN}/${PLUGIN_COMPLETION_NAME}`,
  mode: 0o755,
  text: PLUGIN_COMPLETION,
  isTheirs: true,
};

const SETTLE = 'autopilot-settle';
const PLACES = {
  systemd: { units: '/etc/systemd/system', flags: '/etc/default', mode: 0o644 },
  openrc: { units: '/etc/init.d', flags: '/etc/conf.d', mode: 0o755 },
} as const;

/** Everything of ours that a service manager may know, in whatever installation. */
export function unitsOf(manager: Manager): Readonly<Record<string, string>> {
  return manager === 'systemd' ? SYSTEMD_UNITS : OPENRC_SCRIPTS;
}

export function unitPath(manager: Manager, unit: string): string {
  return `${PLACES[manager].units}/${unit}`;
}

export function wantedOf(choice: Choice): Wanted {
  const { part, manager, edge, isController, serviceName, ownHost } = choice;
  const given: Readonly<Record<string, string>> = {
    'autopilot-agent': argumentsFor('AGENT', 'service-name', serviceName),
    'autopilot-controller': argumentsFor('CONTROLLER', 'own-host', ownHost),
  };
  const place = PLACES[manager];
  const [withAgent, withController] = [part !== 'controller', part !== 'agent'];
  const names = [
    ...(withAgent ? [unitName(manager, SETTLE)] : []),
    ...servicesOf(part, manager, edge),
  ];
  const units: Readonly<Record<string, string>> = unitsOf(manager);
  const flags: Readonly<Record<string, string>> =
    manager === 'systemd' ? SYSTEMD_FLAGS : OPENRC_FLAGS;
  const flagFiles = [
    ...(withAgent ? ['autopilot-agent'] : []),
    ...(withController ? ['autopilot-controller'] : []),
  ];
  return {
    folders: [
      // a host of OpenRC need not have it
      { path: place.flags, mode: 0o755 },
      ...(withAgent
        ? [
            { path: '/etc/autopilot', mode: 0o700 },
            { path: STATE_FOLDER, mode: 0o700 },
          ]
        : []),
      ...(withController
        ? [{ path: '/etc/autopilot-controller', mode: 0o750, forUser: true }]
        : []),
    ],
    files: [
      ...(withAgent ? [{ path: POLICY_FILE, mode: 0o600, text: POLICY, isTheirs: true }] : []),
      ...flagFiles.map((name) => ({
        path: `${place.flags}/${name}`,
        mode: 0o644,
        text: `${flags[name]}${given[name]}`,
        isTheirs: true,
      })),
      ...names.map((name) => ({
        path: `${place.units}/${name}`,
        mode: place.mode,
        text: units[name]!,
        isTheirs: false,
      })),
      ...(withController ? [COMPLETES] : []),
    ],
    links: withController ? [PLUGIN] : [],
    kubeconfigs: [
      ...(withAgent && isController
        ? [{ path: AGENT_KUBECONFIG, mode: 0o600, owner: 'root', of: 'agent' } as const]
        : []),
      ...(withController
        ? [{ path: CONTROLLER_KUBECONFIG, mode: 0o400, owner: USER, of: 'orchestrator' } as const]
        : []),
    ],
    services: names,
    otherServices: Object.keys(units).filter((name) => !names.includes(name)),
    needsUser: withController,
  };
}

/** A line that systemd and OpenRC's shell read alike. */
function argumentsFor(
  program: 'AGENT' | 'CONTROLLER',
  flag: string,
  value: string | undefined,
): string {
  return value === undefined ? '' : `AUTOPILOT_${program}_ARGS="--${flag}=${value}"\n`;
}

function servicesOf(part: Part, manager: Manager, edge: boolean): readonly string[] {
  if (part === 'both') return [unitName(manager, 'autopilot')];
  if (part === 'controller') return [unitName(manager, 'autopilot-controller')];
  if (edge) return ['autopilot-agent-once.service', 'autopilot-agent-once.timer'];
  return [unitName(manager, 'autopilot-agent')];
}

function unitName(manager: Manager, name: string): string {
  return manager === 'systemd' ? `${name}.service` : name;
}

/** All that an installation of whatever kind can have left on a host; `binaryFolder` is where k0s lies. */
export function everythingOf(manager: Manager, binaryFolder: string | undefined) {
  const all = (['agent', 'both'] as const).flatMap((part) =>
    [false, manager === 'systemd'].map((edge) =>
      wantedOf({ part, manager, edge, isController: true }),
    ),
  );
  const texts = new Map(all.flatMap(({ files }) => files).map((file) => [file.path, file]));
  return {
    services: Object.keys(unitsOf(manager)),
    texts: [...texts.values()],
    links: [PLUGIN],
    units: Object.keys(unitsOf(manager)).map((name) => unitPath(manager, name)),
    credentials: [AGENT_KUBECONFIG, CONTROLLER_KUBECONFIG],
    logs: manager === 'openrc' ? OPENRC_LOGS : [],
    besideK0s:
      binaryFolder === undefined
        ? []
        : ['previous', 'undo', 'new'].map((what) => `${binaryFolder}/.k0s.autopilot-${what}`),
    folders: ['/etc/autopilot', '/etc/autopilot-controller', PLACES[manager].flags],
    program: PROGRAM,
  };
}
