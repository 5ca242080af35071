import { agentStanding } from './agent-standing.ts';
import type { ControlNodeFacts, PlanFacts } from './facts.ts';
import { seconds } from './step.ts';

/**
 * k0s never deletes the ControlNode of a controller that was removed, and neither do we: nobody but a person
 * knows whether a host that is silent comes back.
 * @returns why the host seems to be gone, and what to type if it is; undefined where it does not seem so
 */
export function seemsGone(
  controlNode: ControlNodeFacts,
  { serverNowMs }: Pick<PlanFacts, 'serverNowMs'>,
): string | undefined {
  const { name, apiServer } = controlNode;
  if (apiServer.ready === 'True' || apiServer.atMs === 0) return undefined;
  const agent = agentStanding(controlNode, serverNowMs);
  if (agent.kind !== 'stale' && agent.kind !== 'missing') return undefined;
  const since =
    agent.kind === 'stale' ? `silent for ${seconds(agent.ageMs)}` : 'no agent has ever reported';
  return `${since}, and its API server is not ready (${apiServer.message}); if that host is gone for good: kubectl delete controlnode.autopilot.k0sproject.io ${name}`;
}
