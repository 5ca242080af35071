import { ANNOTATION } from '../api/meta.ts';
import { formatCordonMark, parseCordonMark } from '../drain/cordon-mark.ts';
import type { Kube } from './client.ts';
import {
  type PatchStep,
  removeAnnotation,
  setAnnotation,
  setFirstAnnotation,
  testAnnotation,
} from './json-patch.ts';
import { type Outcome, patchTarget } from './patch-target.ts';
import { readNode, withoutSoftTaint } from './soft-taint.ts';
import { targetPath } from './target-path.ts';

const UNSCHEDULABLE = '/spec/unschedulable';
const KEY = ANNOTATION.cordonedFor;
/** `false` is never stored: a Node that takes pods has no such member. */
const SCHEDULABLE: PatchStep = { op: 'test', path: UNSCHEDULABLE, value: null };
const CORDONED: PatchStep = { op: 'test', path: UNSCHEDULABLE, value: true };

/**
 * Marks a node as being emptied for an order, and cordons it unless it already is. Whose cordon it is goes
 * into the mark, in the same write: a foreign one must still be there when we are done.
 *
 * A mark that another order of ours left behind is taken over, with what it says about the cordon.
 */
export async function cordon(
  kube: Kube,
  name: string,
  orderId: string,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const path = targetPath('worker', name);
  const ours = formatCordonMark({ orderId, ours: true });
  const close: PatchStep = { op: 'add', path: UNSCHEDULABLE, value: true };
  // Nearly always all is as hoped, so that it takes one write and no read.
  const first = await patchTarget(
    kube,
    path,
    [SCHEDULABLE, testAnnotation(KEY, undefined), close, setAnnotation(KEY, ours)],
    signal,
  );
  if (first.done) return first;

  const node = await readNode(kube, path, signal);
  if (!node) return { done: false, why: `node ${name} does not exist any more` };
  const text = node.metadata.annotations?.[KEY];
  const mark = parseCordonMark(text);
  if (node.spec?.unschedulable !== true) {
    const set = node.metadata.annotations
      ? [testAnnotation(KEY, text), setAnnotation(KEY, ours)]
      : setFirstAnnotation(KEY, ours);
    return patchTarget(kube, path, [SCHEDULABLE, close, ...set], signal);
  }
  if (mark?.orderId === orderId) return { done: true };
  // Unmarked: somebody else has cordoned it. Marked: what that mark says of the cordon stays true.
  const wanted = formatCordonMark({ orderId, ours: mark?.ours ?? false });
  const set = node.metadata.annotations
    ? [testAnnotation(KEY, text), setAnnotation(KEY, wanted)]
    : setFirstAnnotation(KEY, wanted);
  return patchTarget(kube, path, [CORDONED, ...set], signal);
}

/**
 * Removes the mark of that order, and with it the cordon where that was ours. Without that mark nothing is
 * touched: no mark at all is `done`, that of another order is not.
 * @param softTaint the run whose soft taint goes with it; undefined: there is none
 */
export async function uncordon(
  kube: Kube,
  name: string,
  orderId: string,
  softTaint: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const path = targetPath('worker', name);
  const ours = formatCordonMark({ orderId, ours: true });
  // In one write with the cordon; that of the cordon is in the list as well, so it must be read.
  const untaint =
    softTaint === undefined ? [] : withoutSoftTaint(await readNode(kube, path, signal), softTaint);
  const first = await patchTarget(
    kube,
    path,
    [
      testAnnotation(KEY, ours),
      removeAnnotation(KEY),
      // `add` and not `remove`: somebody may have uncordoned it already, and then there is no such member.
      { op: 'add', path: UNSCHEDULABLE, value: false },
      ...untaint,
    ],
    signal,
  );
  if (first.done) return first;

  const node = await readNode(kube, path, signal);
  const text = node?.metadata.annotations?.[KEY];
  if (text === undefined) return { done: true };
  if (parseCordonMark(text)?.orderId !== orderId) {
    return { done: false, why: `node ${name} is marked for ${text}, not for ${orderId}` };
  }
  if (text === ours) return first;
  return patchTarget(
    kube,
    path,
    [testAnnotation(KEY, text), removeAnnotation(KEY), ...untaint],
    signal,
  );
}
