import { STALE_AFTER_HEARTBEATS } from './deadlines.ts';
import type { ControlNodeFacts, HostFacts } from './facts.ts';
import { seconds } from './step.ts';

/** For how long an agent has been silent, where that is longer than it may be; milliseconds. */
export function silentMs({ report, reportAgeMs }: HostFacts): number | undefined {
  if (report.kind !== 'valid' || reportAgeMs === undefined) return undefined;
  return reportAgeMs > report.value.agent.heartbeatMs * STALE_AFTER_HEARTBEATS
    ? reportAgeMs
    : undefined;
}

/**
 * k0s never deletes the ControlNode of a controller that was removed, and neither do we: nobody but a person
 * knows whether a host that is silent comes back.
 * @returns why the host seems to be gone, and what to type if it is; undefined where it does not seem so
 */
export function seemsGone(controlNode: ControlNodeFacts): string | undefined {
  const { name, apiServer, report } = controlNode;
  if (apiServer.ready === 'True' || apiServer.atMs === 0) return undefined;
  const silent = silentMs(controlNode);
  if (report.kind === 'valid' && silent === undefined) return undefined;
  const since =
    silent === undefined ? 'no agent has ever reported' : `silent for ${seconds(silent)}`;
  return `${since}, and its API server is not ready (${apiServer.message}); if that host is gone for good: kubectl delete controlnode.autopilot.k0sproject.io ${name}`;
}
