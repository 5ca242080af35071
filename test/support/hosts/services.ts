import type { InitName } from '../../../tools/hosts/recipe.ts';
import type { Host } from './host.ts';

type Verb = 'start' | 'stop' | 'restart';

/** How each init is told about a service, and where it keeps what it knows of one. */
interface ServiceManager {
  readonly enable: (name: string) => readonly string[];
  readonly tell: (name: string, verb: Verb) => readonly string[];
  /** Prints the pid, 0 or nothing when there is none, and how often it was started again. */
  readonly view: (name: string) => readonly string[];
}

const MANAGERS: Readonly<Record<InitName, ServiceManager>> = {
  systemd: {
    enable: (name) => ['systemctl', 'enable', '--quiet', name],
    tell: (name, verb) => ['systemctl', verb, name],
    view: (name) => ['systemctl', 'show', '--value', '--property=MainPID,NRestarts', name],
  },
  openrc: {
    enable: (name) => ['rc-update', '--quiet', 'add', name, 'default'],
    tell: (name, verb) => ['rc-service', '--quiet', name, verb],
    view: (name) => [
      ...['sh', '-c', 'cd /run/openrc/options/"$0" && cat child_pid; echo; cat start_count', name],
    ],
  },
};

/** Has it started at every boot. */
export async function enableService(host: Host, name: string): Promise<void> {
  await host.must(MANAGERS[host.base].enable(name));
}

export async function tellService(host: Host, name: string, verb: Verb): Promise<void> {
  // k0s has 90 s to stop.
  await host.must(MANAGERS[host.base].tell(name, verb), { timeoutMs: 120_000 });
}

/** @returns `pid`: as the host counts. `restarts`: without having been told to, since it was last told to start */
export async function viewService(
  host: Host,
  name: string,
): Promise<{ readonly pid: number | null; readonly restarts: number }> {
  const { stdout } = await host.run(MANAGERS[host.base].view(name));
  const [pid = 0, restarts = 0] = stdout.split('\n').filter(Boolean).map(Number);
  return { pid: pid || null, restarts };
}

/** A crash. */
export async function killService(host: Host, name: string): Promise<void> {
  const { pid } = await viewService(host, name);
  if (pid === null) throw new Error(`${name} has no process on ${host.name} that could be killed`);
  await host.must(['kill', '-KILL', `${pid}`]);
}
