import { posix } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { AGENT_POLICY_FILE } from './agent-policy.ts';
import { type K0sCommand, type K0sUnit, readK0sCommand } from './k0s-unit.ts';

const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h)$/, 'wanted a duration such as 500ms, 30s, 5m or 1h')
  .transform((text) => {
    const [, count = '0', unit = 'ms'] = /^(\d+)(\D+)$/.exec(text) ?? [];
    return (
      Number(count) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h']
    );
  });
const path = z.string().startsWith('/', 'wanted an absolute path');
const KINDS = 'wanted auto, systemd, openrc, systemd:UNIT, openrc:NAME or supervised:SOCKET';

const flagsSchema = z.strictObject({
  role: z.enum(['controller', 'worker']).optional(),
  name: z.string().min(1).optional(),
  kubeconfig: path.optional(),
  server: z.array(z.url()).default([]),
  binary: path.optional(),
  dataDir: path.optional(),
  stateDir: path.default('/var/lib/autopilot'),
  statusSocket: path.optional(),
  service: z
    .string()
    .regex(/^(auto|(systemd|openrc)(:[^/\s]+)?|supervised:\/.+)$/, KINDS)
    .default('auto')
    .transform((text) => {
      const [, kind = text, at] = /^(\w+):(.+)$/.exec(text) ?? [];
      return { kind: kind as 'auto' | 'systemd' | 'openrc' | 'supervised', at };
    }),
  serviceName: z.string().min(1).optional(),
  heartbeat: duration.optional(),
  policy: path.default(AGENT_POLICY_FILE),
  apiAddress: z.string().min(1).optional(),
  mode: z.enum(['controller', 'controller+worker']).optional(),
  nodeName: z.string().min(1).optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  once: z.boolean().default(false),
  linger: duration.default(30_000),
  reach: duration.default(60_000),
});
/** What was said on the command line; the rest is found out on the host. */
export type AgentFlags = z.infer<typeof flagsSchema>;

/** A service manager, and what k0s is called there. */
export type ServiceChoice =
  | { readonly kind: 'systemd' | 'openrc'; readonly name: string }
  | { readonly kind: 'supervised'; readonly socket: string; readonly name: string };

export interface AgentConfig {
  readonly role: 'controller' | 'worker';
  /** Of our Node or ControlNode. */
  readonly name: string;
  readonly kubeconfig: string;
  /** Tried beside the server that the kubeconfig names. */
  readonly servers: readonly string[];
  /** What is updated; the file itself, where the service names a link. */
  readonly binary: string;
  /** Of k0s: image bundles and backups. */
  readonly dataDir: string;
  /** Of the agent: journal and staged files. */
  readonly stateDir: string;
  readonly statusSocket: string;
  readonly service: ServiceChoice;
  readonly heartbeatMs: number;
  /** The host's own policy; need not be there. */
  readonly policyFile: string;
  /** Only for controllers; else what k0s says is its API's address. */
  readonly apiAddress: string | undefined;
  readonly mode: 'controller' | 'controller+worker';
  /** Whether the mode was said by a flag: then what the running k0s says of itself does not matter. */
  readonly isModeSaid: boolean;
  /** What the kubelet of this host calls its Node, where it runs one. */
  readonly nodeName: string;
  readonly logLevel: AgentFlags['logLevel'];
  /** Present in edge mode: the agent ends when there is nothing to do now. */
  readonly once: { readonly lingerMs: number; readonly reachMs: number } | undefined;
}

/** What an agent needs to know of k0s on this host, and does not ask twice. */
export interface KnownHost {
  /** Undefined where k0s is supervised by a socket. */
  readonly unit: K0sUnit | undefined;
  /** As the kernel has it. */
  readonly hostname: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Follows links, as far as there are any. */
  readonly realPath: (path: string) => string;
}

export const AGENT_USAGE = `autopilot agent: updates the k0s of this host when it is ordered to
autopilot agent settle: ends an update that a reboot has cut short, before k0s starts

Everything is read from k0s's own service; a flag is for a host where that is not so.

  --service MANAGER          auto, systemd, openrc, systemd:UNIT, openrc:NAME,
                             supervised:SOCKET                                    (auto)
  --service-name NAME        k0s's own, there               (k0scontroller or k0sworker)
  --role controller|worker   whose object is ours: a ControlNode or a Node
  --kubeconfig FILE          (workers: DATADIR/kubelet.conf,
                             controllers: /etc/autopilot/kubeconfig)
  --name NAME                of our object                     (as k0s names this host)
  --server URL               another API server to try, may be repeated
  --binary FILE              what is updated
  --data-dir DIR             of k0s
  --status-socket SOCKET     of k0s
  --mode MODE                controller or controller+worker      (as the running k0s is)
  --node-name NAME           of a controller's Node             (as its kubelet calls it)
  --api-address ADDRESS      of this controller's API          (what k0s's status says)
  --state-dir DIR            journal and staged files              (/var/lib/autopilot)
  --heartbeat DURATION       a report is written at least so often      (5m; once: 90m)
  --policy FILE              the owner's rules for this host  (/etc/autopilot/agent.yaml)
  --once                     do what there is to do now, then end
  --linger DURATION          once: without news for so long it is done            (30s)
  --reach DURATION           once: given up when the API is away for so long      (60s)
  --log-level LEVEL          debug, info, warn, error, silent                    (info)
`;

const HEARTBEAT_MS = 300_000;
/** The timer that ships: an hour, a quarter at random, and a quarter for the run itself. */
const HEARTBEAT_ONCE_MS = 90 * 60_000;
const CONTROLLER_KUBECONFIG = '/etc/autopilot/kubeconfig';

/** What is wrong with the command line, by the name of the flag. */
export class AgentConfigError extends Error {}

/** Reads the flags of `autopilot agent`. @throws AgentConfigError */
export function parseAgentFlags(argv: readonly string[]): AgentFlags {
  const text = { type: 'string' } as const;
  let values: Record<string, string | boolean | string[] | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        role: text,
        name: text,
        kubeconfig: text,
        server: { type: 'string', multiple: true },
        binary: text,
        'data-dir': text,
        'state-dir': text,
        'status-socket': text,
        service: text,
        'service-name': text,
        heartbeat: text,
        'api-address': text,
        mode: text,
        'node-name': text,
        policy: text,
        'log-level': text,
        once: { type: 'boolean' },
        linger: text,
        reach: text,
      },
    }));
  } catch (thrown) {
    throw new AgentConfigError(thrown instanceof Error ? thrown.message : String(thrown));
  }
  const fields = Object.entries(values).map(([flag, value]) => [camelCase(flag), value]);
  const parsed = flagsSchema.safeParse(Object.fromEntries(fields));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const flag = flagName(String(issue?.path[0] ?? ''));
  throw new AgentConfigError(
    `--${flag}: ${issue?.message ?? 'not valid'} (found ${JSON.stringify(values[flag])})`,
  );
}

/** Adds to the flags what the host says; a flag wins. @throws AgentConfigError */
export function agentConfigOf(flags: AgentFlags, known: KnownHost): AgentConfig {
  const { unit } = known;
  const command = unit && readK0sCommand(unit.args);
  const role = flags.role ?? command?.role;
  if (role === undefined) {
    const found =
      unit === undefined
        ? 'it is missing'
        : `found \`${[unit.binary, ...unit.args].join(' ')}\` in ${unit.name}`;
    throw new AgentConfigError(`--role: wanted controller or worker (${found})`);
  }
  const dataDir = flags.dataDir ?? command?.dataDir ?? '/var/lib/k0s';
  const kubeconfig =
    flags.kubeconfig ??
    (unit === undefined
      ? undefined
      : role === 'worker'
        ? posix.join(dataDir, 'kubelet.conf')
        : CONTROLLER_KUBECONFIG);
  if (kubeconfig === undefined) {
    throw new AgentConfigError('--kubeconfig: wanted an absolute path (it is missing)');
  }
  const name = flags.name ?? ownName(role, command?.nodeName, known);
  return {
    role,
    name,
    kubeconfig,
    servers: flags.server,
    // replacing a link would leave the file behind it, and k0s, as they were
    binary: known.realPath(flags.binary ?? unit?.binary ?? '/usr/local/bin/k0s'),
    dataDir,
    stateDir: flags.stateDir,
    statusSocket: flags.statusSocket ?? command?.statusSocket ?? '/run/k0s/status.sock',
    service: serviceChoiceOf(flags, unit),
    heartbeatMs: flags.heartbeat ?? (flags.once ? HEARTBEAT_ONCE_MS : HEARTBEAT_MS),
    policyFile: flags.policy,
    apiAddress: flags.apiAddress,
    mode: flags.mode ?? command?.mode ?? 'controller',
    isModeSaid: flags.mode !== undefined,
    nodeName: flags.nodeName ?? (command === undefined ? name : kubeletName(command, known)),
    logLevel: flags.logLevel,
    once: flags.once ? { lingerMs: flags.linger, reachMs: flags.reach } : undefined,
  };
}

/** As k0s does it: a Node by its kubelet, a ControlNode by the variable. */
function ownName(
  role: 'controller' | 'worker',
  nodeName: string | undefined,
  { unit, environment, hostname }: KnownHost,
): string {
  const variable = environment.AUTOPILOT_HOSTNAME || unit?.hostname;
  const named = role === 'worker' ? nodeName || variable : variable;
  return asK0sWrites(named || hostname);
}

/** `AUTOPILOT_HOSTNAME` is nothing to the kubelet. */
function kubeletName({ nodeName }: K0sCommand, { hostname }: KnownHost): string {
  return asK0sWrites(nodeName || hostname);
}

function asK0sWrites(name: string): string {
  return name.trim().toLowerCase();
}

function serviceChoiceOf(flags: AgentFlags, unit: K0sUnit | undefined): ServiceChoice {
  if (unit !== undefined) return { kind: unit.manager, name: unit.name };
  return { kind: 'supervised', socket: flags.service.at ?? '', name: flags.serviceName ?? 'k0s' };
}

function camelCase(flag: string): string {
  return flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function flagName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
