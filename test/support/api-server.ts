import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { askReadyz } from '../../src/health/readyz-client.ts';
import { connect, type Kube } from '../../src/kube/client.ts';
import {
  CONTROL_NODES,
  PLAN_TARGETS,
  PLANS,
  QUARANTINED_ARTIFACTS,
  UPDATE_CONFIGS,
  UPDATE_POLICIES,
  UPDATE_RUNS,
} from '../../src/kube/target-path.ts';
import { type Finished, run, tryRun } from './cluster/run.ts';
import { eventually } from './eventually.ts';
import { buildReleases, OLD_VERSION } from './releases.ts';

const exec = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** What the disk holds is read first, on a machine that may have much else to do. */
const START_MS = 240_000;

const OUR_KINDS = [
  CONTROL_NODES,
  PLANS,
  PLAN_TARGETS,
  QUARANTINED_ARTIFACTS,
  UPDATE_CONFIGS,
  UPDATE_POLICIES,
  UPDATE_RUNS,
];

export const ORCHESTRATOR = 'autopilot:orchestrator';

/** One real controller (etcd, API server, controller-manager, scheduler), and no nodes. */
export interface ApiServer {
  /** Of the controller's main process; etcd and the API server are its children. */
  readonly pid: number;
  readonly address: string;
  readonly port: number;
  /** Folder of keys and certificates, as k0s has it; those of servers are made anew at every start. */
  readonly pki: string;
  /** With all rights. */
  readonly admin: Kube;
  /** @returns path of a kubeconfig for a user of these groups */
  kubeconfig(user: string, groups?: readonly string[], server?: string): Promise<string>;
  /** A client as that user. Closed by {@link stop}. */
  as(user: string, groups?: readonly string[], server?: string): Promise<Kube>;
  /** A client with nothing but that token. Closed by {@link stop}. */
  withToken(token: string): Promise<Kube>;
  /** @returns what it printed; rejects where it fails */
  kubectl(...args: readonly string[]): Promise<string>;
  /** To its end, whatever that is. @param input YAML or JSON for `-f -` */
  tryKubectl(args: readonly string[], input?: string): Promise<Finished>;
  /** As if the power were cut. */
  kill(): Promise<void>;
  /** Starts it again on what the disk holds, and waits until it is ready. */
  start(): Promise<void>;
  /** Ends what was started, and removes its folder. */
  stop(): Promise<void>;
}

export interface ApiServerOptions {
  /** Of k0s's ClusterConfig: `{ controllerManager: { extraArgs: { ... } } }`. */
  readonly spec?: Readonly<Record<string, object>>;
  /** With nothing of ours in it. */
  readonly bare?: boolean;
}

/**
 * Starts a controller with our CRDs, rights and admission policies in it. Takes about ten seconds.
 * $AUTOPILOT_TEST_K0S names a k0mini that is already built.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const binary = process.env.AUTOPILOT_TEST_K0S ?? (await buildOld());
  const folder = await mkdtemp(join(tmpdir(), 'autopilot-api-'));
  const address = await freeAddress();
  const port = 6443;
  const config = join(folder, 'k0s.yaml');
  await writeFile(
    config,
    JSON.stringify({
      apiVersion: 'k0s.k0sproject.io/v1beta1',
      kind: 'ClusterConfig',
      spec: { ...options.spec, api: { ...options.spec?.api, address, port } },
    }),
  );
  const dataDir = ['--data-dir', join(folder, 'data')];
  const pki = join(folder, 'data/pki');
  const logFile = join(folder, 'log');
  const clients: Kube[] = [];
  let child: ReturnType<typeof spawn> | undefined;

  async function start(): Promise<void> {
    const log = await open(logFile, 'a');
    child = spawn(
      binary,
      ['controller', '--config', config, ...dataDir, '--run-dir', join(folder, 'run')],
      {
        env: { K0MINI_HOSTNAME: 'cp-1', PATH: process.env.PATH },
        stdio: ['ignore', log.fd, log.fd],
      },
    );
    await log.close();
    const started = child;
    const isReady = async () => {
      if (started.exitCode !== null) {
        const said = (await readFile(logFile, 'utf8')).slice(-2_000);
        throw new Error(`k0mini ended with ${started.exitCode}: ${said}`);
      }
      const answer = await askReadyz(address, port, admin.credentials, 2_000);
      if (answer.kind !== 'answered') throw new Error(answer.why);
      return answer.status === 200;
    };
    await eventually('the API server', isReady, { timeoutMs: START_MS });
  }

  async function end(how: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(how);
    await exited;
  }

  async function kubeconfig(user: string, groups: readonly string[] = [], server?: string) {
    const args = ['kubeconfig', 'create', user, '--groups', groups.join(','), '--config', config];
    const { stdout } = await exec(binary, [...args, ...dataDir]);
    const path = join(folder, `${user.replaceAll(':', '-')}-${clients.length}.conf`);
    await writeFile(path, server ? stdout.replace(/server: .*/, `server: ${server}`) : stdout);
    return path;
  }

  async function as(user: string, groups: readonly string[] = [], server?: string) {
    const kube = connect({ kubeconfig: await kubeconfig(user, groups, server), version: 'test' });
    clients.push(kube);
    return kube;
  }

  async function withToken(token: string) {
    const path = await kubeconfig('nobody');
    const text = await readFile(path, 'utf8');
    const bare = text.replaceAll(/^( *)client-(certificate|key)-data: .*$/gm, '');
    await writeFile(path, bare.replace(/^( *)user:\s*$/m, `$1user:\n$1  token: ${token}`));
    const kube = connect({ kubeconfig: path, version: 'test' });
    clients.push(kube);
    return kube;
  }

  // kubectl without a credential asks for one: its input ends at once.
  const kubectl = (...args: readonly string[]) => run(binary, ['kubectl', ...dataDir, ...args]);
  const tryKubectl = (args: readonly string[], input = '') =>
    tryRun(binary, ['kubectl', ...dataDir, ...args], { input });

  async function install(): Promise<void> {
    await kubectl('apply', '--server-side', '-f', join(root, 'deploy/install.yaml'));
    // Each kind by itself: what was just defined answers 429 until its storage is there.
    for (const kind of OUR_KINDS) await eventually(kind, () => admin.request('GET', kind));
  }

  async function stop(): Promise<void> {
    await Promise.all(clients.map((kube) => kube.close()));
    await end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  }

  // Signed with the authority's key, which this makes: it needs no API server.
  const admin = await as('test-admin', ['system:masters']);
  try {
    await start();
    // `kube-node-lease` is made by the API server itself, a moment after it is ready.
    await eventually('the namespaces', () => kubectl('get', 'namespace', 'kube-node-lease'));
    if (options.bare !== true) await install();
    return {
      ...{ address, port, pki, admin, kubeconfig, as, withToken, kubectl, tryKubectl, start, stop },
      get pid() {
        return child?.pid ?? 0;
      },
      kill: () => end('SIGKILL'),
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function buildOld(): Promise<string> {
  const [binary] = await buildReleases([{ version: OLD_VERSION }]);
  if (binary === undefined) throw new Error('k0mini was not built');
  return binary;
}

/** A loopback address of our own, so that every program listens on its usual port. */
async function freeAddress(): Promise<string> {
  for (;;) {
    const net = `127.${100 + Math.floor(Math.random() * 100)}.${Math.floor(Math.random() * 250)}`;
    const address = `${net}.11`;
    const server = createServer();
    try {
      server.listen(2380, address);
      await once(server, 'listening');
      return address;
    } catch {
      // taken
    } finally {
      server.close();
    }
  }
}
