import type { PlanStatus, StoredPlanStatus } from '../api/plan.ts';
import {
  KEPT_ANSWERS,
  type Request,
  type RequestResult,
  VERB_ARGUMENTS,
  VERBS,
  type Verb,
} from '../api/requests.ts';
import { type Answer, refused } from './answer.ts';
import { approve } from './approve.ts';
import type { PlanFacts } from './facts.ts';
import { retry } from './retry.ts';
import { rollback } from './roll-back.ts';
import { abort, pause, resume } from './verbs.ts';

type Answerer = (facts: PlanFacts, by: string, given: Readonly<Record<string, string>>) => Answer;

const ANSWERS: Readonly<Record<Verb, Answerer>> = {
  pause,
  resume,
  approve,
  abort,
  retry,
  rollback,
};

/** @returns whether somebody waits for an answer */
export function isAsked(
  requests: readonly Request[],
  results: StoredPlanStatus['requestResults'],
): boolean {
  return requests.some(({ nonce }) => !isAnswered(nonce, results));
}

function isAnswered(nonce: string, results: StoredPlanStatus['requestResults']): boolean {
  return results?.some((one) => one.nonce === nonce) === true;
}

/**
 * Answers what is asked and has no answer yet, in the order in which it was asked. Answer and effect are one
 * status, so that a crash loses both or neither; nothing may follow from it before it is stored.
 * @returns undefined where nobody waits for an answer
 */
export function answerRequests(facts: PlanFacts): PlanStatus | undefined {
  const { requests, status: before } = facts.plan;
  if (facts.plan.deleted || !isAsked(requests, before?.requestResults)) return undefined;
  let status: StoredPlanStatus = before ?? {};
  for (const request of requests) {
    if (isAnswered(request.nonce, status.requestResults)) continue;
    const answer = answerOne(request, { ...facts, plan: { ...facts.plan, status } });
    const { nonce, verb, by } = request;
    const { result, reason, message } = answer;
    const at = new Date(facts.nowMs).toISOString();
    status = {
      ...(answer.result === 'Done' ? answer.status : status),
      requestResults: [
        ...(status.requestResults ?? []),
        { nonce, verb, by, result, reason, message, at },
      ],
    };
  }
  const results = bounded(status.requestResults ?? [], requests);
  return { ...status, state: status.state ?? '', requestResults: results };
}

/** What is still in the list keeps its answer, however old: without it, it would be done again. */
function bounded(results: readonly RequestResult[], requests: readonly Request[]): RequestResult[] {
  const asked = new Set(requests.map(({ nonce }) => nonce));
  return results.filter(({ nonce }, at) => asked.has(nonce) || at >= results.length - KEPT_ANSWERS);
}

function answerOne({ verb, by, arguments: given }: Request, facts: PlanFacts): Answer {
  const answer = VERBS.find((one) => one === verb);
  if (answer === undefined) {
    return refused('UnknownVerb', `wanted one of ${VERBS.join(', ')}, found ${verb}`);
  }
  const taken = VERB_ARGUMENTS[answer];
  const name = Object.keys(given ?? {}).find((one) => !taken.includes(one));
  if (name !== undefined) {
    const takes =
      taken.length === 0
        ? `takes no arguments, found ${name}: it is about the whole Plan`
        : `takes ${taken.join(', ')}, found ${name}`;
    return refused('UnknownArgument', `${verb} ${takes}`);
  }
  return ANSWERS[answer](facts, by, given ?? {});
}

/**
 * Requests that were answered longer ago than answers are kept.
 * @param stored the status as the API server has it: only an answer that is there for certain counts
 */
export function answeredLongAgo(
  requests: readonly Request[],
  stored: StoredPlanStatus | undefined,
): string[] {
  const older = new Set(
    (stored?.requestResults ?? []).slice(0, -KEPT_ANSWERS).map(({ nonce }) => nonce),
  );
  return requests.map(({ nonce }) => nonce).filter((nonce) => older.has(nonce));
}
