import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import { KubeconfigError } from '../kube/credentials.ts';
import { agentConfigOf, parseAgentFlags } from '../node-agent/config.ts';
import { untilStopped } from '../stopping.ts';
import { HostChanges, type Owner, ROOT } from './changes-linux.ts';
import { viewCluster } from './cluster-check-client.ts';
import { CannotInstallError } from './errors.ts';
import { type SeenHost, viewHost } from './host-view-linux.ts';
import { whyNot, whyNotCluster } from './judge.ts';
import { type Identity, kubeconfigOf } from './kubeconfig-linux.ts';
import { Services } from './services-linux.ts';
import { PROGRAM, USER } from './units-systemd.ts';
import { makeUser } from './user-linux.ts';
import { type KubeconfigFile, type Part, wantedOf } from './wanted.ts';

export interface InstallOptions {
  readonly dryRun?: boolean;
  readonly edge?: boolean;
  readonly start: boolean;
  readonly check: boolean;
  readonly kubeconfig?: string;
  readonly serviceName?: string;
}

/**
 * Installs a part of Autopilot on this host, and starts it; again, it brings a newer program, and changes nothing that
 * is as it should be.
 * @throws CannotInstallError, KubeconfigError; then the host is as it was
 */
export async function runInstall(part: Part, options: InstallOptions): Promise<void> {
  const host = await viewHost(options.serviceName);
  const { edge = false, dryRun = false, kubeconfig } = options;
  const no = whyNot({ part, edge, kubeconfig, check: options.check }, host);
  if (no !== undefined) throw new CannotInstallError(no);
  const given = kubeconfig === undefined ? undefined : await readGiven(kubeconfig);
  if (options.check) await checkCluster(part, host, kubeconfig);

  const { manager } = host;
  const isController = host.k0s?.role === 'controller';
  const { serviceName } = options;
  const ownHost = isController ? ownHostOf(host) : undefined;
  const wanted = wantedOf({ part, manager, edge, isController, serviceName, ownHost });
  const texts = new Map<string, string>();
  for (const file of wanted.kubeconfigs) {
    const own = file.of === 'orchestrator' ? given : undefined;
    texts.set(
      file.path,
      own ?? (await kubeconfigOf(identityOf(file.of, host), k0sOf(host), file.path)),
    );
  }

  const say = (line: string) => process.stdout.write(`${line}\n`);
  const changes = new HostChanges(dryRun, say, untilStopped());
  const services = new Services(manager, changes);
  try {
    const isNewProgram = await changes.program(process.execPath, PROGRAM);
    const user = wanted.needsUser ? await makeUser(USER, changes) : undefined;
    const forUser: Owner = { uid: 0, gid: user?.gid ?? 0 };
    for (const { path, mode, forUser: isForUser } of wanted.folders) {
      await changes.folder(path, mode, isForUser ? forUser : ROOT);
    }
    let isNew = isNewProgram;
    for (const { path, mode, owner } of wanted.kubeconfigs) {
      const text = texts.get(path) ?? '';
      isNew =
        (await changes.text(path, text, mode, owner === USER ? (user ?? ROOT) : ROOT)) || isNew;
    }
    for (const { path, mode, text, isTheirs } of wanted.files) {
      if (isTheirs && existsSync(path)) continue;
      isNew = (await changes.text(path, text, mode, ROOT)) || isNew;
    }
    for (const { path, to } of wanted.links) await changes.link(path, to);
    if (!dryRun) await services.read();
    for (const name of wanted.services) await services.enable(name);
    if (options.start) {
      for (const name of wanted.otherServices) await services.stopOther(name);
      for (const name of wanted.services) {
        // k0s starts it at boot; it is over within a moment
        const isOnce = name.startsWith('autopilot-settle') || name.includes('-once.service');
        await services.start(name, isNew && !isOnce);
      }
      if (!dryRun) await services.mustRun(wanted.services.at(-1) ?? '');
    }
  } catch (thrown) {
    const failures = await changes.revert();
    if (!dryRun) await services.read().catch(() => undefined);
    const rest =
      failures.length === 0 ? 'this host is as it was' : `not undone: ${failures.join('; ')}`;
    throw new CannotInstallError(`${messageOf(thrown)}; ${rest}`);
  }
  await changes.settle();
  for (const name of wanted.otherServices) await services.remove(name);
  if (!dryRun) await services.read();
  process.stdout.write(summary(part, changes.count, dryRun, wanted.services.at(-1) ?? ''));
}

async function readGiven(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((thrown: unknown) => {
    throw new KubeconfigError(`cannot read the kubeconfig ${path}: ${messageOf(thrown)}`);
  });
}

/** With the best credential that this host has. */
async function checkCluster(part: Part, host: SeenHost, given: string | undefined): Promise<void> {
  const isController = host.k0s?.role === 'controller';
  const own = join(host.dataDir, isController ? 'pki/admin.conf' : 'kubelet.conf');
  const kubeconfig = given ?? own;
  let view: Awaited<ReturnType<typeof viewCluster>>;
  try {
    view = await viewCluster(kubeconfig);
  } catch (thrown) {
    throw new CannotInstallError(
      `the cluster cannot be asked with ${kubeconfig}: ${messageOf(thrown)}; --no-check installs without asking it`,
    );
  }
  const no = whyNotCluster(part, view);
  if (no !== undefined) throw new CannotInstallError(no);
}

function identityOf(of: KubeconfigFile['of'], host: SeenHost): Identity {
  if (of === 'orchestrator') return { user: 'autopilot:orchestrator', group: undefined };
  return {
    user: `autopilot:control-node:${agentOf(host).name}`,
    group: 'autopilot:control-nodes',
  };
}

/** What an agent without flags makes of this host. */
function agentOf({ unit }: SeenHost) {
  const known = { unit, hostname: hostname(), environment: {}, realPath: (path: string) => path };
  return agentConfigOf(parseAgentFlags([]), known);
}

/** @returns undefined where the orchestrator finds its ControlNode by the name of the host */
function ownHostOf(host: SeenHost): string | undefined {
  const { name } = agentOf(host);
  return name === hostname().toLowerCase() ? undefined : name;
}

function k0sOf({ unit, dataDir }: SeenHost) {
  return { binary: unit?.binary ?? '/usr/local/bin/k0s', dataDir };
}

function summary(part: Part, count: number, dryRun: boolean, service: string): string {
  if (dryRun) return count === 0 ? 'nothing would be changed\n' : 'nothing was changed\n';
  const what = {
    agent: 'the agent',
    controller: 'the orchestrator',
    both: 'agent and orchestrator',
  };
  if (count === 0) return `${what[part]}: all is as it should be\n`;
  return `${what[part]} installed, as the service ${service.replace(/\.service$/, '')}\n`;
}
