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

const optionsSchema = z.strictObject({
  kubeconfig: z.string().min(1).optional(),
  context: z.string().min(1).optional(),
  timeout: z.coerce.number().int().min(1).max(86_400).default(30),
  wait: z.boolean().default(false),
  of: z.string().min(1).optional(),
  node: z.array(z.string().min(1)).min(1).optional(),
  yes: z.boolean().default(false),
});
type Options = z.infer<typeof optionsSchema>;

/** A run takes as long as it takes; who waits for one interrupts when they are tired of it. */
const A_WEEK_MS = 7 * 86_400_000;

/** `autopilot pause PLAN` and the others: a request in one's own name; prints its answer. @throws RequestError */
export async function runVerb(
  verb: Verb,
  plan: string,
  given: Record<string, unknown>,
): Promise<void> {
  const options = parseConfig(optionsSchema, given);
  if (verb === 'rollback') await confirm(plan, options);
  const kube = connect({ ...options, version: AUTOPILOT_VERSION });
  try {
    process.stdout.write(`Plan ${plan}: ${await ask(kube, plan, verb, options)}\n`);
  } finally {
    await kube.close();
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

/**
 * @returns what came of it, as a sentence
 * @throws RequestError where it was refused, not answered, or the run that was waited for failed
 */
async function ask(kube: Kube, plan: string, verb: Verb, options: Options): Promise<string> {
  await readPlan(kube, plan);
  const nonce = randomUUID();
  const more = argumentsOf(options);
  const given = more === undefined ? {} : { arguments: more };
  await addRequest(kube, plan, { nonce, verb, by: await whoAmI(kube), ...given });
  const { result, reason, message } = await awaitAnswer(kube, plan, nonce, options.timeout * 1000);
  if (result === 'Refused') {
    throw new RequestError(reason, `Plan ${plan}: ${verb} was refused: ${message}`);
  }
  return options.wait ? atRest(kube, plan, verb) : message;
}

/** Waits for the end of the run, or for a pause with nothing under way. */
async function atRest(kube: Kube, name: string, verb: Verb): Promise<string> {
  const plan = await poll(kube, name, A_WEEK_MS, (one) => (isAtRest(one) ? one : undefined));
  const conditions = plan?.status?.conditions ?? [];
  const state = plan?.status?.state ?? '';
  const told = (wanted: string) => conditions.find(({ type }) => type === wanted);
  const message =
    told(isTerminalState(state) ? (state === 'Completed' ? 'Completed' : 'Failed') : 'Waiting')
      ?.message ?? state;
  const isBack = verb === 'rollback' && told('RolledBack')?.status === 'True';
  const wanted = isBack || verb === 'pause' || verb === 'abort' || state === 'Completed';
  if (wanted) return message;
  throw new RequestError(told('Failed')?.reason ?? 'Paused', `Plan ${name}: ${message}`);
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
