import type { ControlNodeFacts } from '../plans/facts.ts';
import type { TrimmedControlNode } from './trim-control-node.ts';
import { hostFacts } from './trim-signals.ts';

/** @param apiServer what its own API server answered */
export function controlNodeFacts(
  node: TrimmedControlNode,
  apiServer: ControlNodeFacts['apiServer'],
): ControlNodeFacts {
  return {
    ...hostFacts(node),
    nodeName: node.nodeName,
    mode: node.mode,
    k0sVersion: node.k0sVersion,
    apiServer,
  };
}
