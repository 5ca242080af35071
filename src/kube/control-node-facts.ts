import type { ControlNodeFacts } from '../plans/facts.ts';
import type { TrimmedControlNode } from './trim-control-node.ts';
import { hostFacts } from './trim-signals.ts';

/**
 * @param apiServer what its own API server answered
 * @param serverNowMs by the API server's clock; undefined before its first answer
 */
export function controlNodeFacts(
  node: TrimmedControlNode,
  apiServer: ControlNodeFacts['apiServer'],
  serverNowMs: number | undefined,
): ControlNodeFacts {
  return {
    ...hostFacts(node, serverNowMs),
    nodeName: node.nodeName,
    mode: node.mode,
    k0sVersion: node.k0sVersion,
    apiServer,
  };
}
