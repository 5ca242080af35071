import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../config.ts';
import { connect, type Kube } from '../kube/client.ts';
import { CONTROL_NODES, NODES } from '../kube/target-path.ts';
import { trimControlNode } from '../kube/trim-control-node.ts';
import { trimNode } from '../kube/trim-node.ts';
import { untilStopped } from '../stopping.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { list } from './preview-list.ts';
import { outputText } from './print-output.ts';
import { paintFor } from './print-paint.ts';
import { isExpected, troubleOf } from './print-trouble.ts';
import { readLeader } from './read-leader.ts';
import { readPlans } from './read-plans.ts';
import { Redraw } from './redraw.ts';
import { hostText, type Sheet, statusText } from './status-print.ts';
import { type StatusReport, statusOf } from './status-view.ts';

export interface StatusOptions extends ClusterOptions {
  readonly node?: string;
  readonly watch?: boolean;
}

/** Between two looks, counted from the answers of the first. */
const LOOK_MS = 1_000;
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
    return await watch(look, options);
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

/** Until it is interrupted. */
async function watch(look: () => Promise<StatusReport>, options: StatusOptions): Promise<number> {
  const stop = untilStopped();
  const redraw = new Redraw(process.stdout);
  let failed = false;
  let told = '';
  while (!stop.aborted) {
    try {
      const report = await look();
      failed = report.failed;
      const now = text(report, options);
      // Into a file or a program only what has changed.
      if (process.stdout.isTTY || now !== told) redraw.show(now, options.output);
      told = now;
    } catch (thrown) {
      if (!isExpected(thrown) || thrown instanceof ConfigError) throw thrown;
      // An API server that is being updated: it is asked again.
      redraw.note(troubleOf(thrown, '').sentence);
    }
    await sleep(LOOK_MS, undefined, { signal: stop }).catch(() => {});
  }
  redraw.end();
  return failed ? EXIT.refused : EXIT.fine;
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
