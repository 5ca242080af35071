import { ApiError } from '../../src/kube/api-error.ts';
import type { Kube, Method, RequestOptions } from '../../src/kube/client.ts';
import { PLAN_TARGETS, PLANS } from '../../src/kube/target-path.ts';
import { type TrimmedPlan, trimPlan } from '../../src/plans/trim-plan.ts';
import { type TrimmedPlanTargets, trimPlanTargets } from '../../src/plans/trim-plan-targets.ts';

interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly [field: string]: unknown;
}

/** As much of an API server as keeps one Plan and its PlanTargets: revisions, and a limit of length. */
export class PlanDisk {
  readonly #targets = new Map<string, Stored>();
  #plan: Stored;
  #revision = 100;
  /** Longest body that is taken, in characters. */
  limit = Number.POSITIVE_INFINITY;
  /** After so many more writes nobody is there any more. */
  writesLeft = Number.POSITIVE_INFINITY;
  /** `METHOD path`, in order. */
  readonly writes: string[] = [];

  constructor(name: string, uid: string) {
    const metadata = { name, uid, resourceVersion: '100', generation: 1 };
    this.#plan = { metadata, spec: { id: 'spring', timestamp: 'now', commands: [] } };
  }

  readonly kube = {
    request: async <T>(method: Method, path: string, { body }: RequestOptions = {}): Promise<T> =>
      structuredClone(this.#answer(method, path, body as Stored)) as T,
  } as Kube;

  get plan(): TrimmedPlan {
    return trimPlan(structuredClone(this.#plan));
  }

  /** As a watch that is never behind. */
  readonly sight = {
    get: (name: string): TrimmedPlanTargets | undefined => {
      const found = this.#targets.get(name);
      return found && trimPlanTargets(structuredClone(found));
    },
    values: (): TrimmedPlanTargets[] =>
      [...this.#targets.values()].map((one) => trimPlanTargets(structuredClone(one))),
  };

  get names(): string[] {
    return [...this.#targets.keys()];
  }

  /** As a person does it who may. */
  remove(name: string): void {
    this.#targets.delete(name);
  }

  #answer(method: Method, path: string, body: Stored | undefined): Stored | undefined {
    const name = decodeURIComponent(path.split('/').at(path.endsWith('/status') ? -2 : -1)!);
    if (method === 'GET') return this.#targets.get(name) ?? refuse(404, 'NotFound');
    if (this.writesLeft-- <= 0) throw new Error('the process has ended');
    this.writes.push(`${method} ${path}`);
    if (JSON.stringify(body ?? {}).length > this.limit) refuse(413, 'RequestEntityTooLarge');
    const resourceVersion = String(++this.#revision);
    if (path.startsWith(PLANS)) {
      if (body!.metadata.resourceVersion !== this.#plan.metadata.resourceVersion) {
        refuse(409, 'Conflict');
      }
      const metadata = { ...this.#plan.metadata, resourceVersion };
      this.#plan = { ...this.#plan, metadata, status: structuredClone(body!.status) };
      return this.#plan;
    }
    if (!path.startsWith(PLAN_TARGETS)) throw new Error(`nobody keeps ${path}`);
    if (method === 'DELETE') {
      this.#targets.delete(name);
      return undefined;
    }
    const before = this.#targets.get(body!.metadata.name);
    if (method === 'POST' && before !== undefined) refuse(409, 'AlreadyExists');
    if (method === 'PUT') {
      if (before === undefined) refuse(404, 'NotFound');
      const isIt = before.metadata.resourceVersion === body!.metadata.resourceVersion;
      if (!isIt) refuse(409, 'Conflict');
    }
    const stored = { ...structuredClone(body!), metadata: { ...body!.metadata, resourceVersion } };
    this.#targets.set(body!.metadata.name, stored);
    return stored;
  }
}

function refuse(status: number, reason: string): never {
  throw new ApiError('a request', status, { reason, message: reason }, undefined);
}
