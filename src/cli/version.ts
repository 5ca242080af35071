import { getAsset, isSea } from 'node:sea';
import { connect, type Kube } from '../kube/client.ts';
import { CONTROL_NODES, NODES } from '../kube/target-path.ts';
import { trimControlNode } from '../kube/trim-control-node.ts';
import { trimNode } from '../kube/trim-node.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { list } from './preview-list.ts';
import { outputText } from './print-output.ts';
import { isExpected, troubleOf } from './print-trouble.ts';
import { readLeader } from './read-leader.ts';

export interface VersionOptions extends ClusterOptions {
  readonly client?: boolean;
  readonly licenses?: boolean;
}

interface Versions {
  readonly client: string;
  readonly kubernetes?: string;
  /** Who holds the Lease. */
  readonly leader?: string;
  /** How many agents are of which version. */
  readonly agents?: Readonly<Record<string, number>>;
}

/** Prints which versions are at work. @returns the exit code */
export async function runVersion(options: VersionOptions): Promise<number> {
  if (options.licenses === true) return printLicences();
  let kube: Kube | undefined;
  let found: Versions = { client: AUTOPILOT_VERSION };
  try {
    if (options.client !== true) {
      kube = connect({ ...options, version: AUTOPILOT_VERSION });
      found = { ...found, ...(await read(kube)) };
    }
    process.stdout.write(outputText(options.output, found, () => versionText(found)));
    return EXIT.fine;
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    // What is known without the cluster is told all the same, as kubectl does.
    process.stdout.write(outputText(options.output, found, () => versionText(found)));
    const { sentence, exitCode } = troubleOf(thrown, kube?.server ?? '');
    process.stderr.write(`autopilot version: ${sentence}\n`);
    return exitCode;
  } finally {
    await kube?.close();
  }
}

/** Of what is bundled; the sources have those of their packages beside them. */
function printLicences(): number {
  if (!isSea()) {
    process.stderr.write(
      'autopilot version: wanted the program as one file, found its sources: each package in node_modules has its licence\n',
    );
    return EXIT.refused;
  }
  process.stdout.write(getAsset('THIRD-PARTY.txt', 'utf8'));
  return EXIT.fine;
}

async function read(kube: Kube): Promise<Omit<Versions, 'client'>> {
  const [server, leader, nodes, controllers] = await Promise.all([
    kube.request<{ gitVersion?: string }>('GET', '/version'),
    readLeader(kube),
    list(kube, NODES),
    list(kube, CONTROL_NODES),
  ]);
  const agents: Record<string, number> = {};
  const hosts = [
    ...nodes.map((raw) => trimNode(raw)),
    ...controllers.map((raw) => trimControlNode(raw)),
  ];
  for (const { report } of hosts) {
    if (report.kind !== 'valid') continue;
    const { version } = report.value.agent;
    agents[version] = (agents[version] ?? 0) + 1;
  }
  return {
    kubernetes: server.gitVersion ?? '',
    ...('holder' in leader && leader.holder !== undefined ? { leader: leader.holder } : {}),
    agents,
  };
}

function versionText({ client, kubernetes, leader, agents }: Versions): string[] {
  const told = Object.entries(agents ?? {}).map(([version, count]) => `${count} of ${version}`);
  return [
    `client      ${client}`,
    ...(kubernetes === undefined
      ? []
      : [`kubernetes  ${kubernetes}`, `leader      ${leader ?? 'none'}`]),
    ...(agents === undefined ? [] : [`agents      ${told.join(', ') || 'none'}`]),
  ];
}
