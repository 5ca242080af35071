import { messageOf } from '../errors.ts';
import { isForbidden, isNotFound } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import type { RawObject } from '../kube/raw.ts';
import { type GateAnswer, unknown } from './answer.ts';
import { compileCel } from './cel.ts';
import {
  type CelSpec,
  describeObjects,
  judgeTally,
  NO_TALLY,
  objectKey,
  type Tally,
  tally,
} from './cel-gate.ts';
import { cutOff } from './cut-off.ts';
import { pagesOf } from './pages-client.ts';

/** The part of an APIResourceList that we read. */
interface ResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/**
 * Asks once. Never throws unless `signal` is aborted: what cannot be asked is unknown.
 * @param baseline objects of before the run, by their key; undefined where the expression needs none
 */
export async function askCel(
  kube: Kube,
  spec: CelSpec,
  baseline: ReadonlyMap<string, unknown> | undefined,
  signal: AbortSignal,
): Promise<GateAnswer> {
  const expression = compileCel(spec.expression);
  if (expression.kind === 'invalid') return unknown(expression.message);
  let found: Tally = NO_TALLY;
  try {
    for await (const objects of celObjects(kube, spec, signal)) {
      const before = found;
      found = cutOff(() =>
        tally(before, expression, objects, (object) => baseline?.get(objectKey(object)) ?? null),
      );
    }
  } catch (thrown) {
    signal.throwIfAborted();
    return unknown(whyNotAsked(spec, thrown));
  }
  return judgeTally(spec, found);
}

/** @returns what cannot be known of the objects of a gate, and which right may be missing */
export function whyNotAsked(spec: CelSpec, thrown: unknown): string {
  const hint = isForbidden(thrown)
    ? '; grant list to the orchestrator, see docs/usage/gates.md'
    : '';
  return `${describeObjects(spec)} cannot be judged: ${messageOf(thrown)}${hint}`;
}

/**
 * The objects of a gate, page by page.
 * @throws as {@link Kube.request} does, and Error where there is no such kind
 */
export async function* celObjects(
  kube: Kube,
  spec: CelSpec,
  signal: AbortSignal,
): AsyncGenerator<readonly RawObject[]> {
  const { apiVersion, kind, name, selector } = spec;
  const path = await collectionOf(kube, spec, signal);
  // One object is listed as well, so that one right is enough.
  const fieldSelector = name === undefined ? undefined : `metadata.name=${name}`;
  const query = { labelSelector: selector, fieldSelector };
  for await (const page of pagesOf(kube, path, query, signal)) {
    // In a list built-in objects do not say of themselves what they are.
    yield page.map((object) => ({ apiVersion, kind, ...object }));
  }
}

/** Where the objects of a kind are: in one namespace, or in all. */
async function collectionOf(
  kube: Kube,
  { apiVersion, kind, namespace }: CelSpec,
  signal: AbortSignal,
): Promise<string> {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  let resources: ResourceList['resources'];
  try {
    ({ resources } = await kube.request<ResourceList>('GET', root, { signal }));
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
  const found = resources?.find((one) => one.kind === kind && !one.name.includes('/'));
  if (found === undefined) throw new Error(`the API server knows no ${kind} of ${apiVersion}`);
  if (!found.namespaced && namespace !== undefined) {
    throw new Error(`${kind} of ${apiVersion} is in no namespace, found namespace: ${namespace}`);
  }
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${within}/${found.name}`;
}
