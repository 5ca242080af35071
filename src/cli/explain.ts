import { ConfigError } from '../config.ts';
import { kindsOf } from '../kube/api-check-client.ts';
import { ApiError } from '../kube/api-error.ts';
import { connect, type Kube } from '../kube/client.ts';
import { PLANS } from '../kube/target-path.ts';
import { type Explanation, explain } from '../plans/explain.ts';
import { placeOf } from '../plans/queue.ts';
import { trimPlan } from '../plans/trim-plan.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { explanationText } from './explain-print.ts';
import { list } from './preview-list.ts';
import { outputText } from './print-output.ts';
import { paintFor } from './print-paint.ts';
import { isExpected, troubleOf } from './print-trouble.ts';
import { readLeader } from './read-leader.ts';
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
  const [stored, leader, missingFields] = await Promise.all([
    list(kube, PLANS),
    readLeader(kube),
    readMissing(kube),
  ]);
  const plans = stored.map((raw) => trimPlan(raw));
  const plan = plans.find((one) => one.name === name);
  if (plan === undefined) {
    const names = plans.map((one) => one.name).join(', ') || 'none';
    throw new ConfigError(`no Plan ${name} is stored, found ${names}`);
  }
  // What a policy holds, and what a selector selects, is known to the orchestrator, which says it in the status.
  const { before } = placeOf(plan, plans, { world: undefined, isHeld: () => false });
  return explain(plan, { plansBefore: before, leader, missingFields, nowMs: Date.now() });
}

function textOf(found: Explanation, { output }: ExplainOptions): string {
  const paint = paintFor(process.stdout, process.env);
  const isWide = output === 'wide';
  return outputText(output, found, () => explanationText(found, paint, Date.now(), isWide));
}

/** Whoever may not read definitions is told the rest all the same. */
async function readMissing(kube: Kube): Promise<readonly string[]> {
  try {
    return (await kindsOf(kube, AbortSignal.timeout(READ_TIMEOUT_MS))).missingFields;
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 403) return [];
    throw thrown;
  }
}
