import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import * as z from 'zod';
import type { Plan } from '../api/plan.ts';
import { isTerminalState } from '../api/plan.ts';
import { VERBS, type Verb } from '../api/requests.ts';
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

const DESCRIPTIONS: Readonly<Record<Verb, string>> = {
  pause: 'begin nothing new of a Plan; what was swapped is judged to its end',
  resume: 'let a Plan go on that was paused',
  approve: 'let a Plan go on that waits for somebody to look',
  abort: 'end the run of a Plan: call back what is staged, judge what was swapped',
  retry: 'try again what is not done of a Plan whose run has ended',
};

const optionsSchema = z.strictObject({
  kubeconfig: z.string().min(1).optional(),
  timeout: z.coerce.number().int().min(1).max(86_400).default(30),
  wait: z.boolean().default(false),
  of: z.string().min(1).optional(),
});
type Options = z.infer<typeof optionsSchema>;

/** A run takes as long as it takes; who waits for one interrupts when they are tired of it. */
const A_WEEK_MS = 7 * 86_400_000;

/** `autopilot pause PLAN` and the others: a request in one's own name, and its answer. */
export function addVerbs(program: Command): void {
  for (const verb of VERBS) {
    const command = program
      .command(verb)
      .description(DESCRIPTIONS[verb])
      .argument('<plan>', 'name of the Plan')
      .option('--kubeconfig <file>', 'how to reach the cluster; else $KUBECONFIG')
      .option('--timeout <seconds>', 'how long to wait for the answer', '30')
      .option('--wait', 'wait as well until nothing is under way any more');
    if (verb === 'approve') {
      command.option('--of <what>', 'Controllers, Workers or Batch/2; else what is waited for');
    }
    command.action(async (plan: string, given: Record<string, unknown>) => {
      const options = parseConfig(optionsSchema, given);
      const kube = connect({ kubeconfig: options.kubeconfig, version: AUTOPILOT_VERSION });
      try {
        process.stdout.write(`Plan ${plan}: ${await ask(kube, plan, verb, options)}\n`);
      } finally {
        await kube.close();
      }
    });
  }
}

/**
 * @returns what came of it, as a sentence
 * @throws RequestError where it was refused, not answered, or the run that was waited for failed
 */
async function ask(kube: Kube, plan: string, verb: Verb, options: Options): Promise<string> {
  await readPlan(kube, plan);
  const nonce = randomUUID();
  const given = options.of === undefined ? {} : { arguments: { of: options.of } };
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
  const wanted = verb === 'pause' || verb === 'abort' || state === 'Completed';
  if (wanted) return message;
  throw new RequestError(told('Failed')?.reason ?? 'Paused', `Plan ${name}: ${message}`);
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
  return status?.paused !== undefined && status.aborted === undefined && !isUnderWay;
}
