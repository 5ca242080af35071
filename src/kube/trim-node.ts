import { ANNOTATION } from '../api/meta.ts';
import type { Truth } from '../plans/facts.ts';
import type { RawNode, RawTaint } from './raw.ts';
import { isSoftTaint } from './soft-taint.ts';
import { type TrimmedTarget, trimSignals } from './trim-signals.ts';

/** What is kept of a Node: a few hundred bytes of its ten thousand. */
export interface TrimmedNode extends TrimmedTarget {
  readonly ready: Truth;
  readonly kubeletVersion: string;
  readonly unschedulable: boolean;
  readonly cordonedFor: string | undefined;
  /** Value of our soft taint. */
  readonly softTaint: string | undefined;
  /** Where there are any: a list is replaced as a whole. */
  readonly taints?: readonly RawTaint[] | undefined;
}

export function trimNode(raw: unknown, previous?: TrimmedNode): TrimmedNode {
  const node = raw as RawNode;
  return {
    ...trimSignals(node.metadata, previous),
    ready: readyOf(node),
    kubeletVersion: node.status?.nodeInfo?.kubeletVersion ?? '',
    unschedulable: node.spec?.unschedulable === true,
    cordonedFor: node.metadata.annotations?.[ANNOTATION.cordonedFor],
    ...softTaintOf(node),
  };
}

/** A Node without the condition has never been heard of by its kubelet: not known, as with `Unknown`. */
function readyOf(node: RawNode): Truth {
  const status = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return status === 'True' || status === 'False' ? status : 'Unknown';
}

function softTaintOf({ spec }: RawNode): Pick<TrimmedNode, 'softTaint' | 'taints'> {
  const taints = spec?.taints?.length ? spec.taints : undefined;
  const ours = taints?.find(isSoftTaint);
  return { softTaint: ours && (ours.value ?? ''), taints };
}
