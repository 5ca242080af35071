import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import * as z from 'zod';

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

const configSchema = z.strictObject({
  role: z.enum(['controller', 'worker']),
  name: z.string().min(1),
  kubeconfig: path,
  /** Tried beside the server that the kubeconfig names. */
  server: z.array(z.url()).default([]),
  binary: path.default('/usr/local/bin/k0s'),
  stateDir: path.default('/var/lib/autopilot'),
  statusSocket: path.default('/run/k0s/status.sock'),
  /** `supervised:SOCKET` is the only service manager yet. */
  service: z
    .string()
    .regex(/^supervised:\/.+/, 'wanted supervised:SOCKET with an absolute path')
    .transform((text) => ({
      kind: 'supervised' as const,
      socket: text.slice('supervised:'.length),
    })),
  serviceName: z.string().min(1).default('k0s'),
  heartbeat: duration.default(300_000),
  /** Without a byte for so long a download is taken to hang. */
  stall: duration.default(60_000),
  /** Only for controllers; else what k0s says is its API's address. */
  apiAddress: z.string().min(1).optional(),
  mode: z.enum(['controller', 'controller+worker']).default('controller'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});
export type AgentConfig = z.infer<typeof configSchema>;

export const AGENT_USAGE = `autopilot agent: updates the k0s of this host when it is ordered to

  --role controller|worker   whose object is ours: a ControlNode or a Node        (required)
  --kubeconfig FILE          the kubelet's on workers                             (required)
  --service supervised:SOCK  how k0s is restarted: SOCK controls its supervisor   (required)
  --service-name NAME        its name there                                       (k0s)
  --name NAME                of our object              ($AUTOPILOT_HOSTNAME or the host's)
  --server URL               another API server to try, may be repeated
  --binary FILE              what is updated                        (/usr/local/bin/k0s)
  --state-dir DIR            journal and staged files               (/var/lib/autopilot)
  --status-socket SOCK       of k0s                               (/run/k0s/status.sock)
  --heartbeat DURATION       a report is written at least so often                  (5m)
  --stall DURATION           a download without a byte for so long hangs           (60s)
  --api-address ADDR         of this controller's API         (what k0s's status says)
  --mode MODE                controller or controller+worker               (controller)
  --log-level LEVEL          debug, info, warn, error, silent                    (info)
`;

/** What is wrong with the command line, by the name of the flag. */
export class AgentConfigError extends Error {}

/** Reads the flags of `autopilot agent`. @throws AgentConfigError */
export function parseAgentConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): AgentConfig {
  const text = { type: 'string' } as const;
  let values: Record<string, string | string[] | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        role: text,
        name: text,
        kubeconfig: text,
        server: { type: 'string', multiple: true },
        binary: text,
        'state-dir': text,
        'status-socket': text,
        service: text,
        'service-name': text,
        heartbeat: text,
        stall: text,
        'api-address': text,
        mode: text,
        'log-level': text,
      },
    }));
  } catch (thrown) {
    throw new AgentConfigError(thrown instanceof Error ? thrown.message : String(thrown));
  }
  const fields = Object.entries(values).map(([flag, value]) => [camelCase(flag), value]);
  const parsed = configSchema.safeParse({
    name: environment.AUTOPILOT_HOSTNAME || hostname().trim().toLowerCase(),
    ...Object.fromEntries(fields),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const flag = flagName(String(issue?.path[0] ?? ''));
  const given = values[flag];
  const found = given === undefined ? 'it is missing' : `found ${JSON.stringify(given)}`;
  throw new AgentConfigError(`--${flag}: ${issue?.message ?? 'not valid'} (${found})`);
}

function camelCase(flag: string): string {
  return flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function flagName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
