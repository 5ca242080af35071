import type { TargetStatus } from '../api/plan.ts';
import type { Order } from '../signals/order.ts';
import type { Signal } from '../signals/report.ts';
import type { NodeFacts } from './facts.ts';

/** A worker that waits for its turn, or for the run to be called off. */
export const STAGED = { phase: 'Staged', message: 'downloaded and verified', actions: [] } as const;

/** @returns the sha256 of what a worker has staged that waits for its turn, and is written down as such; else undefined */
export function parkedWith(
  status: TargetStatus,
  node: NodeFacts | undefined,
  order: Order | undefined,
  signal: Signal | undefined,
): string | undefined {
  const waits =
    order?.goal === 'stage' &&
    order.artifact.kind === 'k0s' &&
    signal?.id === order.id &&
    signal.phase === 'Staged' &&
    node?.cordon === undefined &&
    node?.unschedulable === false &&
    status.phase === 'Staged' &&
    status.state === 'SignalSent' &&
    status.reason === undefined &&
    status.message === STAGED.message &&
    status.attempts !== undefined &&
    status.batch === undefined &&
    status.deadline === undefined &&
    status.blockedBy === undefined &&
    status.cordoned !== true;
  return waits ? signal.staged?.sha256 : undefined;
}
