import { parseCordonMark } from '../drain/cordon-mark.ts';
import type { DrainFacts } from '../drain/judge/drain-facts.ts';
import type { NodeFacts, Outlook } from '../plans/facts.ts';
import type { TrimmedNode } from './trim-node.ts';
import { hostFacts } from './trim-signals.ts';

/** @param beside what the Node itself does not tell */
export function nodeFacts(
  node: TrimmedNode,
  beside: {
    readonly renewals: number;
    readonly drain: DrainFacts | undefined;
    readonly outlook?: Outlook | undefined;
    readonly toGo?: number | undefined;
  },
): NodeFacts {
  return {
    ...hostFacts(node),
    ready: node.ready,
    kubeletVersion: node.kubeletVersion,
    unschedulable: node.unschedulable,
    cordon: parseCordonMark(node.cordonedFor),
    softTaint: node.softTaint,
    renewals: beside.renewals,
    drain: beside.drain,
    toGo: beside.toGo,
    outlook: beside.outlook,
  };
}
