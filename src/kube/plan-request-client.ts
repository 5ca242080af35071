import { setTimeout as pause } from 'node:timers/promises';
import { type Plan, planSchema } from '../api/plan.ts';
import { KEPT_ANSWERS, type Request, type RequestResult } from '../api/requests.ts';
import { AutopilotError } from '../errors.ts';
import { isConflict, isForbidden, isNotFound } from './api-error.ts';
import { CONTENT_TYPE, type Kube } from './client.ts';
import { PLANS } from './target-path.ts';

const USER = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const FIELD_MANAGER = 'autopilot-cli';
const TRIES = 10;
const POLL_MS = 500;

/** The request was not made, or not answered; the message says how to get there. */
export class RequestError extends AutopilotError {
  readonly retryable = false;
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

interface SelfSubjectReview {
  readonly status: { readonly userInfo: { readonly username: string } };
}

/** @returns the name by which the API server knows us, which admission wants to read in a request */
export async function whoAmI(kube: Kube): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const review = await kube.request<SelfSubjectReview>('POST', USER, { body });
  return review.status.userInfo.username;
}

/** @throws RequestError where there is no such Plan, or it may not be read */
export async function readPlan(kube: Kube, name: string): Promise<Plan> {
  try {
    return planSchema.parse(await kube.request('GET', pathOf(name)));
  } catch (thrown) {
    throw explain(thrown, name);
  }
}

/**
 * Adds a request to the list of a Plan. What the list holds already is sent along, but for requests of long ago,
 * and the revision with it: whoever writes meanwhile makes this one be tried again, and nothing is lost.
 */
export async function addRequest(kube: Kube, name: string, request: Request): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { metadata, status } = await readPlan(kube, name);
    const requests = status?.requests ?? [];
    // Written by us, and the answer got lost.
    if (requests.some(({ nonce }) => nonce === request.nonce)) return;
    const answered = new Set(status?.requestResults?.map(({ nonce }) => nonce));
    const old = new Set(
      requests.filter(({ nonce }) => answered.has(nonce)).slice(0, -KEPT_ANSWERS),
    );
    const { resourceVersion } = metadata;
    try {
      await kube.request('PATCH', `${pathOf(name)}/status`, {
        query: { fieldManager: FIELD_MANAGER },
        contentType: CONTENT_TYPE.mergePatch,
        body: {
          metadata: { resourceVersion },
          status: { requests: [...requests.filter((one) => !old.has(one)), request] },
        },
      });
      return;
    } catch (thrown) {
      if (!isConflict(thrown) || attempt === TRIES) throw explain(thrown, name);
      await pause(Math.random() * POLL_MS);
    }
  }
}

/** @throws RequestError where nobody answers in time; the request stays */
export async function awaitAnswer(
  kube: Kube,
  name: string,
  nonce: string,
  withinMs: number,
): Promise<RequestResult> {
  const found = await poll(kube, name, withinMs, ({ status }) =>
    status?.requestResults?.find((one) => one.nonce === nonce),
  );
  if (found !== undefined) return found;
  throw new RequestError(
    'NoAnswer',
    `no answer within ${Math.round(withinMs / 1000)} s: no orchestrator acts. The request stays, and is answered when one does; see who leads: kubectl -n k0s-autopilot get lease k0s-autopilot-controller`,
  );
}

/** So long what was allowed a moment ago may be refused before it counts. */
const FORBIDDEN_FOR_MS = 10_000;

/**
 * An API server that is away for a moment is asked again: it may be the one that is being updated.
 * @returns the first defined judgement; undefined where there is none in time
 */
export async function poll<T>(
  kube: Kube,
  name: string,
  withinMs: number,
  judge: (plan: Plan) => T | undefined,
): Promise<T | undefined> {
  const untilMs = performance.now() + withinMs;
  let forbiddenSinceMs: number | undefined;
  for (;;) {
    const isLast = performance.now() >= untilMs;
    try {
      const found = judge(await readPlan(kube, name));
      if (found !== undefined || isLast) return found;
      forbiddenSinceMs = undefined;
    } catch (thrown) {
      if (isLast) throw thrown;
      if (thrown instanceof RequestError && thrown.reason === 'Forbidden') {
        // An API server that has just been started does not know yet what it allows to whom.
        forbiddenSinceMs ??= performance.now();
        if (performance.now() - forbiddenSinceMs > FORBIDDEN_FOR_MS) throw thrown;
      } else if (!(thrown instanceof AutopilotError && thrown.retryable)) throw thrown;
    }
    await pause(POLL_MS);
  }
}

function explain(thrown: unknown, name: string): unknown {
  if (isNotFound(thrown)) {
    return new RequestError(
      'PlanMissing',
      `there is no Plan ${name}; kubectl get plans lists those that there are`,
      { cause: thrown },
    );
  }
  if (isForbidden(thrown)) {
    return new RequestError(
      'Forbidden',
      `${thrown.message}; wanted the rights of the ClusterRole autopilot:operator: kubectl create clusterrolebinding NAME --clusterrole autopilot:operator --user USER`,
      { cause: thrown },
    );
  }
  return thrown;
}

function pathOf(name: string): string {
  return `${PLANS}/${encodeURIComponent(name)}`;
}
