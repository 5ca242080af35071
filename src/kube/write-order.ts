import { ANNOTATION } from '../api/meta.ts';
import type { Action, NewOrder } from '../plans/facts.ts';
import { formatOrder } from '../signals/order.ts';
import { isNotFound } from './api-error.ts';
import type { Kube } from './client.ts';
import {
  type PatchStep,
  removeAnnotation,
  setAnnotation,
  setFirstAnnotation,
  testAnnotation,
} from './json-patch.ts';
import { type Outcome, patchTarget } from './patch-target.ts';
import type { RawObject } from './raw.ts';
import { targetPath } from './target-path.ts';

/**
 * Replaces the order of a target, if it is still the one that was judged.
 * After a crash, or when the answer was lost: the same text is already there, and that is `done`.
 */
export async function writeOrder(
  kube: Kube,
  action: Extract<Action, { kind: 'order' }>,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const path = targetPath(action.role, action.name);
  const text = formatOrder(action.order);
  const outcome = await patchTarget(kube, path, replaceOrder(action), signal);
  if (outcome.done) return outcome;
  const found = await readAnnotations(kube, path, signal);
  if (found === 'gone') return { done: false, why: `${action.name} does not exist any more` };
  if (found === undefined && action.replaces === undefined) {
    return patchTarget(kube, path, setFirstAnnotation(ANNOTATION.order, text), signal);
  }
  return settle(action.name, found?.[ANNOTATION.order], text);
}

/** What puts an order in the place of the one that was judged, where that is still there. */
export function replaceOrder({ order, replaces }: NewOrder): readonly PatchStep[] {
  return [
    testAnnotation(ANNOTATION.order, replaces),
    setAnnotation(ANNOTATION.order, formatOrder(order)),
  ];
}

/** Removes the order of a target, if it is still the one that was judged. Already gone is `done`. */
export async function removeOrder(
  kube: Kube,
  action: Extract<Action, { kind: 'removeOrder' }>,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const path = targetPath(action.role, action.name);
  const outcome = await patchTarget(
    kube,
    path,
    [testAnnotation(ANNOTATION.order, action.replaces), removeAnnotation(ANNOTATION.order)],
    signal,
  );
  if (outcome.done) return outcome;
  const found = await readAnnotations(kube, path, signal);
  if (found === 'gone') return { done: true };
  return settle(action.name, found?.[ANNOTATION.order], undefined);
}

function settle(name: string, found: string | undefined, wanted: string | undefined): Outcome {
  if (found === wanted) return { done: true };
  const what = found === undefined ? 'none' : `another one: ${found.slice(0, 80)}`;
  return { done: false, why: `the order of ${name} has changed meanwhile, there is ${what}` };
}

/** @returns undefined where the object has no annotation at all */
async function readAnnotations(
  kube: Kube,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, string>> | 'gone' | undefined> {
  try {
    const object = await kube.request<RawObject>('GET', path, { signal });
    return object.metadata.annotations;
  } catch (thrown) {
    if (isNotFound(thrown)) return 'gone';
    throw thrown;
  }
}
