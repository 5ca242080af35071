import { SOFT_TAINT } from '../api/meta.ts';
import type { Kube } from './client.ts';
import { getIfThere } from './get-if-there.ts';
import { type Outcome, patchTarget } from './patch-target.ts';
import type { RawNode, RawTaint } from './raw.ts';
import { replaceTaints } from './replace-taints.ts';
import { targetPath } from './target-path.ts';

/** Whether it is the one that we set; the same key with another effect is somebody else's. */
export function isSoftTaint({ key, effect }: RawTaint): boolean {
  return key === SOFT_TAINT.key && effect === SOFT_TAINT.effect;
}

function isSoftTaintOf(taint: RawTaint, run: string): boolean {
  return isSoftTaint(taint) && (taint.value ?? '') === run;
}

/** @param run whose taint is to be left out; undefined: nothing is */
export function withoutSoftTaint(
  taints: readonly RawTaint[] = [],
  run: string | undefined,
): RawTaint[] {
  return taints.filter((one) => run === undefined || !isSoftTaintOf(one, run));
}

/** Puts our taint on a node, beside what is there. Takes over one that another run of ours has left. */
export async function setSoftTaint(
  kube: Kube,
  name: string,
  run: string,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const path = targetPath('worker', name);
  const ours: RawTaint = { ...SOFT_TAINT, value: run };
  // Most nodes have no taint at all: one write and no read.
  const first = await patchTarget(kube, path, replaceTaints(undefined, [ours]), signal);
  if (first.done) return first;
  const node = await readNode(kube, path, signal);
  if (node === undefined) return { done: false, why: `node ${name} does not exist any more` };
  const taints = node.spec?.taints;
  if (taints?.some((one) => isSoftTaintOf(one, run))) return { done: true };
  const wanted = [...(taints ?? []).filter((one) => !isSoftTaint(one)), ours];
  return patchTarget(kube, path, replaceTaints(taints, wanted), signal);
}

/** Removes the taint of that run; without it nothing is touched. */
export async function removeSoftTaint(
  kube: Kube,
  name: string,
  run: string,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const path = targetPath('worker', name);
  const taints = (await readNode(kube, path, signal))?.spec?.taints;
  const steps = replaceTaints(taints, withoutSoftTaint(taints, run));
  return steps.length === 0 ? { done: true } : patchTarget(kube, path, steps, signal);
}

export function readNode(
  kube: Kube,
  path: string,
  signal: AbortSignal | undefined,
): Promise<RawNode | undefined> {
  return getIfThere(kube, path, signal);
}
