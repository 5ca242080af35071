import { ConfigError } from '../config.ts';
import { kindsOf } from '../kube/api-check-client.ts';
import { connect, type Kube } from '../kube/client.ts';
import { CONTROL_NODES } from '../kube/target-path.ts';
import { trimControlNode } from '../kube/trim-control-node.ts';
import { type Explanation, explain } from '../plans/explain.ts';
import { placeOf } from '../plans/queue.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { explanationText } from './explain-print.ts';
import { list } from './preview-list.ts';
import { outputText } from './print-output.ts';
import { paintFor } from './print-paint.ts';
import { isExpected, troubleOf } from './print-trouble.ts';
import { readLeader } from './read-leader.ts';
import { readPlans } from './read-plans.ts';
import { unlessForbidden } from './unless-forbidden.ts';
import { watchIt } from './watch.ts';

export interface ExplainOptions extends ClusterOptions {
  readonly watch?: boolean;
}

const READ_TIMEOUT_MS = 10_000;

/** Prints why a Plan waits or has failed, once or again and again. @returns the exit code */
export async function runExplain(name: string, options: ExplainOptions): Promise<number> {
  let kube: Kube | undefined;
  try {
    kube = connect({ ...options, version: AUTOPILOT_VERSION });
    const look = () => read(kube!, name);
    if (options.watch === true) {
      const text = (found: Explanation) => textOf(found, options);
      await watchIt({ look, text, output: options.output });
    } else {
      process.stdout.write(textOf(await look(), options));
    }
    return EXIT.fine;
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    const { sentence, exitCode } = troubleOf(thrown, kube?.server ?? '');
    process.stderr.write(`autopilot explain: ${sentence}\n`);
    return exitCode;
  } finally {
    await kube?.close();
  }
}

/** @throws ConfigError where there is no such Plan */
async function read(kube: Kube, name: string): Promise<Explanation> {
  const [plans, nodeNames, leader, missingFields] = await Promise.all([
    readPlans(kube),
    unlessForbidden(readNodeNames(kube), new Map()),
    readLeader(kube),
    unlessForbidden(readMissing(kube), []),
  ]);
  const plan = plans.find((one) => one.name === name);
  if (plan === undefined) {
    const names = plans.map((one) => one.name).join(', ') || 'none';
    throw new ConfigError(`no Plan ${name} is stored, found ${names}`);
  }
  // What a policy holds, and what a selector selects, is known to the orchestrator, which says it in the status.
  const { before } = placeOf(plan, plans, { world: undefined, isHeld: () => false });
  const nowMs = Date.now();
  return explain(plan, { plansBefore: before, leader, missingFields, nodeNames, nowMs });
}

function textOf(found: Explanation, { output }: ExplainOptions): string {
  const paint = paintFor(process.stdout, process.env);
  const isWide = output === 'wide';
  return outputText(output, found, () => explanationText(found, paint, Date.now(), isWide));
}

async function readMissing(kube: Kube): Promise<readonly string[]> {
  return (await kindsOf(kube, AbortSignal.timeout(READ_TIMEOUT_MS))).missingFields;
}

/** Of each ControlNode whose Node is called otherwise: how. */
async function readNodeNames(kube: Kube): Promise<ReadonlyMap<string, string>> {
  const controllers = (await list(kube, CONTROL_NODES)).map((raw) => trimControlNode(raw));
  return new Map(
    controllers
      .filter(({ name, nodeName }) => nodeName !== name)
      .map(({ name, nodeName }) => [name, nodeName]),
  );
}
