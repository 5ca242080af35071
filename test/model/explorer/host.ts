import type { Host, Seen } from './state.ts';

/** Whether k0s answers on this host. */
export function isServing({ exists, isDown, sick }: Host): boolean {
  return exists && !isDown && (sick === undefined || sick === 'hung');
}

/** What the API server, and a probe, say of a host at this moment. */
export function seenOf(host: Host): Seen {
  return {
    exists: host.exists,
    order: host.order,
    mark: host.mark,
    unschedulable: host.unschedulable,
    signal: host.signal,
    k0sVersion: host.toldVersion,
    epoch: host.toldEpoch,
    kubelet: host.running.version.replace(/\.\d+$/, ''),
    ready: isServing(host),
    readySinceMs: host.readySinceMs,
    pods: host.pods,
  };
}

/** Something of k0s is taken away from the host by an order, or is about to be without anybody being asked again. */
export function isInFlight({ journal }: Host): boolean {
  const { signal } = journal;
  if (signal === undefined || signal.order.artifact.kind === 'airgap') return false;
  if (signal.phase === 'Staged') return signal.goal === 'apply';
  return ['Applying', 'OnTrial', 'Undoing', 'Held'].includes(signal.phase);
}
