import { ANNOTATION } from '../api/meta.ts';
import { formatCordonMark, parseCordonMark } from '../drain/cordon-mark.ts';
import type { Action } from '../plans/facts.ts';
import type { Kube } from './client.ts';
import {
  type PatchStep,
  removeAnnotation,
  setAnnotation,
  setFirstAnnotation,
  testAnnotation,
} from './json-patch.ts';
import { type Outcome, patchTarget } from './patch-target.ts';
import type { RawTaint } from './raw.ts';
import { replaceTaints } from './replace-taints.ts';
import { readNode, withoutSoftTaint } from './soft-taint.ts';
import { targetPath } from './target-path.ts';
import { replaceOrder } from './write-order.ts';

const UNSCHEDULABLE = '/spec/unschedulable';
const KEY = ANNOTATION.cordonedFor;
/** `false` is never stored: a Node that takes pods has no such member. */
const SCHEDULABLE: PatchStep = { op: 'test', path: UNSCHEDULABLE, value: null };
const CORDONED: PatchStep = { op: 'test', path: UNSCHEDULABLE, value: true };
/**
 * Kubernetes puts it on a node that it finds cordoned, and takes it from one that it does not: a read and a write
 * of the node's whole object each time. What is there already it leaves alone.
 * @see https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-unschedulable
 */
const CORDON_TAINT: RawTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

type Cordon = Extract<Action, { kind: 'cordon' }>;
type Uncordon = Extract<Action, { kind: 'uncordon' }>;

/**
 * Marks a node as being emptied for an order, and cordons it unless it already is. Whose cordon it is goes
 * into the mark, in the same write: a foreign one must still be there when we are done.
 *
 * A mark that another order of ours left behind is taken over, with what it says about the cordon. Then, and
 * wherever else the world is not as hoped, what would have gone along is left to the next look.
 * @param taints of the node as they were seen last
 */
export async function cordon(
  kube: Kube,
  { name, orderId, softTaint, apply }: Cordon,
  taints: readonly RawTaint[] | undefined,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const path = targetPath('worker', name);
  const ours = formatCordonMark({ orderId, ours: true });
  const close: PatchStep = { op: 'add', path: UNSCHEDULABLE, value: true };
  const steps = [
    ...[SCHEDULABLE, testAnnotation(KEY, undefined), close, setAnnotation(KEY, ours)],
    ...closeTo(taints, softTaint),
    ...(apply === undefined ? [] : replaceOrder(apply)),
  ];
  // Nearly always all is as hoped, so that it takes one write and no read.
  const first = await patchTarget(kube, path, steps, signal);
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
 * touched: no mark at all is `done`, that of another order is not. The soft taint and the order that it names
 * go in the same write; an order that is another one by now stays.
 * @param taints of the node as they were seen last
 */
export async function uncordon(
  kube: Kube,
  { name, orderId, softTaint, order }: Uncordon,
  taints: readonly RawTaint[] | undefined,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const path = targetPath('worker', name);
  const ours = formatCordonMark({ orderId, ours: true });
  const open = [
    testAnnotation(KEY, ours),
    removeAnnotation(KEY),
    // `add` and not `remove`: somebody may have uncordoned it already, and then there is no such member.
    { op: 'add', path: UNSCHEDULABLE, value: false } as const,
  ];
  const done =
    order === undefined
      ? []
      : [testAnnotation(ANNOTATION.order, order), removeAnnotation(ANNOTATION.order)];
  const first = await patchTarget(
    kube,
    path,
    [...open, ...done, ...openTo(taints, softTaint)],
    signal,
  );
  if (first.done) return first;

  const node = await readNode(kube, path, signal);
  const text = node?.metadata.annotations?.[KEY];
  if (text === undefined) return { done: true };
  if (parseCordonMark(text)?.orderId !== orderId) {
    return { done: false, why: `node ${name} is marked for ${text}, not for ${orderId}` };
  }
  const lift = text === ours ? open : [testAnnotation(KEY, text), removeAnnotation(KEY)];
  const isThere = order !== undefined && node?.metadata.annotations?.[ANNOTATION.order] === order;
  const found = node?.spec?.taints;
  const left = replaceTaints(found, withoutSoftTaint(found, softTaint));
  return patchTarget(kube, path, [...lift, ...(isThere ? done : []), ...left], signal);
}

/** The taints of a node as Kubernetes itself makes them after a cordon. */
function closeTo(taints: readonly RawTaint[] | undefined, run: string | undefined) {
  const others = withoutSoftTaint(taints, run);
  const isThere = others.some(isCordonTaint);
  return replaceTaints(taints, isThere ? others : [...others, CORDON_TAINT]);
}

/** And after that was lifted. */
function openTo(taints: readonly RawTaint[] | undefined, run: string | undefined) {
  return replaceTaints(
    taints,
    withoutSoftTaint(taints, run).filter((one) => !isCordonTaint(one)),
  );
}

function isCordonTaint({ key, effect }: RawTaint): boolean {
  return key === CORDON_TAINT.key && effect === CORDON_TAINT.effect;
}
