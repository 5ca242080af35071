import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import * as z from 'zod';
import type { Plan } from '../api/plan.ts';
import { isTerminalState } from '../api/plan.ts';
import type { Verb } from '../api/requests.ts';
import { parseConfig } from '../config.ts';
import { connect, type Kube } from '../kube/client.ts';
import {
  addRequest,
  awaitAnswer,
  poll,
  RequestError,
  readPlan,
  whoAmI,
} from '../kube/plan-request-client.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import { FORMATS } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { outputText } from './print-output.ts';
import { isExpected, troubleOf } from './print-trouble.ts';

const optionsSchema = z.strictObject({
  kubeconfig: z.string().min(1).optional(),
  context: z.string().min(1).optional(),
  output: z.enum(FORMATS).default('text'),
  timeout: z.coerce
    .number({ error: 'wanted seconds, from 1 to 86400' })
    .int()
    .min(1)
    .max(86_400)
    .default(30),
  wait: z.boolean().default(false),
  of: z.string().min(1).optional(),
  node: z.array(z.string().min(1)).min(1).optional(),
  yes: z.boolean().default(false),
});
type Options = z.infer<typeof optionsSchema>;

/** A run takes as long as it takes; who waits for one interrupts when they are tired of it. */
const A_WEEK_MS = 7 * 86_400_000;

/** What was asked for, and what came of it. */
interface Answered {
  readonly plan: string;
  readonly verb: Verb;
  /** By which the request, and its answer, are found in the status of the Plan. */
  readonly nonce: string;
  readonly by: string;
  /** `Failed`: it was done, and the run that was waited for has failed. */
  readonly result: 'Done' | 'Refused' | 'Failed';
  readonly reason: string;
  readonly message: string;
  /** Of the Plan, where its rest was waited for. */
  readonly state?: string;
}

/** `autopilot pause PLAN` and the others: a request in one's own name; prints its answer. @returns the exit code */
export async function runVerb(
  verb: Verb,
  plan: string,
  given: Record<string, unknown>,
): Promise<number> {
  let kube: Kube | undefined;
  try {
    const options = parseConfig(optionsSchema, given);
    if (verb === 'rollback') await confirm(plan, options);
    kube = connect({ ...options, version: AUTOPILOT_VERSION });
    const answered = await ask(kube, plan, verb, options);
    const isDone = answered.result === 'Done';
    if (isDone || options.output !== 'text') {
      const sentence = `Plan ${plan}: ${answered.message}`;
      process.stdout.write(outputText(options.output, answered, () => [sentence]));
    }
    if (isDone) return EXIT.fine;
    const { reason, message } = answered;
    const how = answered.result === 'Refused' ? `${verb} was refused: ` : '';
    process.stderr.write(`autopilot ${verb}: Plan ${plan}: ${how}${message} (${reason})\n`);
    return EXIT.refused;
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    const { sentence, exitCode } = troubleOf(thrown, kube?.server ?? '');
    const reason = thrown instanceof RequestError ? ` (${thrown.reason})` : '';
    process.stderr.write(`autopilot ${verb}: ${sentence}${reason}\n`);
    return reason === ' (PlanMissing)' ? EXIT.misused : exitCode;
  } finally {
    await kube?.close();
  }
}

function argumentsOf({ of, node }: Options): Record<string, string> | undefined {
  if (of !== undefined) return { of };
  return node === undefined ? undefined : { nodes: node.join(',') };
}

/** @throws RequestError where it was not meant, or nobody can be asked */
async function confirm(plan: string, { yes, node }: Options): Promise<void> {
  if (yes) return;
  const what = node === undefined ? 'everything that it has updated' : node.join(', ');
  if (!process.stdin.isTTY) {
    throw new RequestError('NotConfirmed', `Plan ${plan}: to put back ${what}, say --yes`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Plan ${plan}: put back ${what}? [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) {
    throw new RequestError('NotConfirmed', `Plan ${plan}: nothing was asked for`);
  }
}

/** @throws RequestError where it could not be asked, or nobody answered */
async function ask(kube: Kube, plan: string, verb: Verb, options: Options): Promise<Answered> {
  await readPlan(kube, plan);
  const nonce = randomUUID();
  const more = argumentsOf(options);
  const given = more === undefined ? {} : { arguments: more };
  const by = await whoAmI(kube);
  await addRequest(kube, plan, { nonce, verb, by, ...given });
  const answer = await awaitAnswer(kube, plan, nonce, options.timeout * 1000);
  const { result, reason, message } = answer;
  const answered = { plan, verb, nonce, by, result, reason, message };
  if (result === 'Refused' || !options.wait) return answered;
  return { ...answered, ...(await atRest(kube, plan, verb)) };
}

/** Waits for the end of the run, or for a pause with nothing under way. */
async function atRest(
  kube: Kube,
  name: string,
  verb: Verb,
): Promise<Pick<Answered, 'result' | 'reason' | 'message' | 'state'>> {
  const plan = await poll(kube, name, A_WEEK_MS, (one) => (isAtRest(one) ? one : undefined));
  const conditions = plan?.status?.conditions ?? [];
  const state = plan?.status?.state ?? '';
  const told = (wanted: string) => conditions.find(({ type }) => type === wanted);
  const last = told(
    isTerminalState(state) ? (state === 'Completed' ? 'Completed' : 'Failed') : 'Waiting',
  );
  const isBack = verb === 'rollback' && told('RolledBack')?.status === 'True';
  const wanted = isBack || verb === 'pause' || verb === 'abort' || state === 'Completed';
  return {
    ...{ result: wanted ? 'Done' : 'Failed', state, message: last?.message ?? state },
    reason: last?.reason ?? 'Paused',
  };
}

function isHeldAfterFailure(status: Plan['status']): boolean {
  return status?.conditions?.some(({ reason }) => reason === 'HeldAfterFailure') === true;
}

function isAtRest({ status }: Plan): boolean {
  if (isTerminalState(status?.state)) return true;
  const targets = (status?.commands ?? []).flatMap(({ k0supdate, airgapupdate }) => [
    ...(k0supdate?.controllers ?? []),
    ...(k0supdate?.workers ?? []),
    ...(airgapupdate?.workers ?? []),
  ]);
  const isUnderWay = targets.some(
    ({ state, phase }) => state === 'SignalSent' && phase !== 'Staged',
  );
  // A pause holds no end up that somebody has asked for.
  const isHeld = status?.paused !== undefined || isHeldAfterFailure(status);
  return isHeld && status?.aborted === undefined && status?.rollback === undefined && !isUnderWay;
}
