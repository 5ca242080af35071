import { ConfigError } from '../config.ts';
import { connect, type Kube } from '../kube/client.ts';
import { CONTROL_NODES, NODES } from '../kube/target-path.ts';
import { trimControlNode } from '../kube/trim-control-node.ts';
import { trimNode } from '../kube/trim-node.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { list } from './preview-list.ts';
import { outputText } from './print-output.ts';
import { paintFor } from './print-paint.ts';
import { isExpected, troubleOf } from './print-trouble.ts';
import { readLeader } from './read-leader.ts';
import { readPlans } from './read-plans.ts';
import { hostText, type Sheet, statusText } from './status-print.ts';
import { type StatusReport, statusOf } from './status-view.ts';
import { watchIt } from './watch.ts';

export interface StatusOptions extends ClusterOptions {
  readonly node?: string;
  readonly watch?: boolean;
}

/** Where the output is no terminal. */
const PIPE_COLUMNS = 200;

/** Prints how Plans and hosts stand, once or again and again. @returns the exit code */
export async function runStatus(plan: string | undefined, options: StatusOptions): Promise<number> {
  let kube: Kube | undefined;
  try {
    kube = connect({ ...options, version: AUTOPILOT_VERSION });
    const look = () => read(kube!, plan, options.node);
    if (options.watch !== true) {
      const report = await look();
      process.stdout.write(text(report, options));
      return report.failed ? EXIT.refused : EXIT.fine;
    }
    const watched = { look, text: (report: StatusReport) => text(report, options) };
    const last = await watchIt({ ...watched, output: options.output });
    return last?.failed === true ? EXIT.refused : EXIT.fine;
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    const { sentence, exitCode } = troubleOf(thrown, kube?.server ?? '');
    process.stderr.write(`autopilot status: ${sentence}\n`);
    return exitCode;
  } finally {
    await kube?.close();
  }
}

/** @throws ConfigError where there is no such Plan or host */
async function read(
  kube: Kube,
  plan: string | undefined,
  node: string | undefined,
): Promise<StatusReport> {
  const [plans, nodes, controllers, leader] = await Promise.all([
    readPlans(kube),
    list(kube, NODES),
    list(kube, CONTROL_NODES),
    readLeader(kube),
  ]);
  const world = {
    nowMs: Date.now(),
    serverNowMs: kube.serverClock.nowMs(),
    leader,
    plans,
    nodes: nodes.map((raw) => trimNode(raw)),
    controlNodes: controllers.map((raw) => trimControlNode(raw)),
  };
  const names = (all: readonly { readonly name: string }[]) =>
    all
      .map(({ name }) => name)
      .slice(0, 10)
      .join(', ') || 'none';
  if (plan !== undefined && !world.plans.some(({ name }) => name === plan)) {
    throw new ConfigError(`no Plan ${plan} is stored, found ${names(world.plans)}`);
  }
  const hosts = [...world.controlNodes, ...world.nodes];
  if (node !== undefined && !hosts.some(({ name }) => name === node)) {
    throw new ConfigError(`no Node or ControlNode ${node}, found ${names(hosts)}`);
  }
  return statusOf(world, { plan, node });
}

function text(report: StatusReport, { output, node }: StatusOptions): string {
  const sheet: Sheet = {
    paint: paintFor(process.stdout, process.env),
    columns: process.stdout.isTTY ? process.stdout.columns : PIPE_COLUMNS,
    wide: output === 'wide',
  };
  return outputText(output, report, () =>
    node === undefined
      ? statusText(report, sheet)
      : report.hosts.flatMap((host) => hostText(host, sheet)),
  );
}
