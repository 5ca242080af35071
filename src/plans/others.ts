import { type K0sVersion, parseK0sVersion } from '../api/k0s-version.ts';
import { withDefaults } from '../api/policy.ts';
import { workersAtOnce } from './concurrency.ts';
import type { NodeFacts, OtherPlans } from './facts.ts';
import { inFlightOf } from './in-flight.ts';
import { targetsOf } from './progress.ts';
import { isAtWork, placeOf, type QueuedPlan, type Surroundings, wantsToRun } from './queue.ts';
import { isUnderWay, type RunningStatus } from './run.ts';

/** For a Plan that has the cluster to itself. */
export const NO_OTHERS: OtherPlans = {
  behind: [],
  inFlight: new Set(),
  workers: new Set(),
  limit: 0,
  parkedRuns: new Set(),
  later: [],
};

/**
 * What a judgement of one Plan must know of the others. By the newest that each of them has decided, and not by
 * what is stored: two that are judged one after the other never both take the last slot.
 */
export function othersOf(
  plan: QueuedPlan,
  all: readonly QueuedPlan[],
  around: Surroundings,
): { readonly plansBefore: readonly string[]; readonly others: OtherPlans } {
  const rest = all.filter((other) => other.uid !== plan.uid && !other.deleted);
  if (!isAtWork(plan) && rest.every((other) => !isAtWork(other))) {
    return { plansBefore: [], others: NO_OTHERS };
  }
  const { before, behind } = placeOf(plan, all, around);
  const nodes = around.world?.nodes ?? new Map<string, NodeFacts>();
  const running = rest.filter(({ status }) => isUnderWay(status));
  const goOn = running.filter((other) => !around.isHeld(other) && !waitsForOther(other));
  const workers = new Set<string>();
  let limit = 0;
  for (const { status } of goOn) {
    const taken = workersOf(status as RunningStatus, nodes);
    for (const name of taken.names) workers.add(name);
    limit = Math.max(limit, taken.limit);
  }
  return {
    plansBefore: before,
    others: {
      behind,
      inFlight: inFlight(plan, running, nodes),
      workers,
      limit,
      parkedRuns: new Set(
        running.filter(({ name }) => !before.includes(name)).map(({ status }) => status!.runID!),
      ),
      later: rest.flatMap((other) => laterPlan(other, plan, around)),
    },
  };
}

/** One that is under way and was overtaken: it begins nothing before the other has ended. */
function waitsForOther({ status }: QueuedPlan): boolean {
  return (
    status?.conditions?.some(
      ({ type, status: is, reason }) =>
        type === 'Waiting' && is === 'True' && reason === 'WaitsForOtherPlan',
    ) === true
  );
}

/** Also what a Plan that is gone has left behind: its nodes are away until they are tidied up. */
function inFlight(
  { status }: QueuedPlan,
  running: readonly QueuedPlan[],
  nodes: ReadonlyMap<string, NodeFacts>,
): ReadonlySet<string> {
  const names = new Set(running.flatMap((other) => inFlightOf(other.status)));
  const own = isUnderWay(status) ? `${status.runID}.` : undefined;
  for (const { name, cordon } of nodes.values()) {
    if (cordon !== undefined && (own === undefined || !cordon.orderId.startsWith(own))) {
      names.add(name);
    }
  }
  return names;
}

/** The workers of the command under way, and how many of them may be away at once. */
function workersOf(
  { commands, frozenSpec, policy }: RunningStatus,
  nodes: ReadonlyMap<string, NodeFacts>,
): { readonly names: readonly string[]; readonly limit: number } {
  const command = commands.find(({ state }) => state !== 'Completed');
  const names = command?.k0supdate?.workers?.map(({ name }) => name) ?? [];
  const spec = frozenSpec.commands[command?.id ?? -1]?.k0supdate?.targets.workers;
  const views = names.map((name) => ({ node: nodes.get(name) }));
  return { names, limit: workersAtOnce(spec, withDefaults(policy ?? {}), views).limit };
}

function laterPlan(
  other: QueuedPlan,
  plan: QueuedPlan,
  { isHeld }: Surroundings,
): OtherPlans['later'] {
  if (!(other.appliedAtMs > plan.appliedAtMs) || 'invalid' in other.spec) return [];
  const waits = wantsToRun(other);
  const brought = new Map<string, K0sVersion>();
  for (const command of waits ? [] : (other.status?.commands ?? [])) {
    const ran = other.status?.frozenSpec ?? other.spec;
    const text = ran.commands[command.id]?.k0supdate?.version;
    const version = parseK0sVersion(text ?? '');
    if (version === undefined || command.k0supdate === undefined) continue;
    for (const { name, state } of targetsOf(command)) {
      // What it has sent and the node obeyed may not be in its status yet.
      if (state === 'SignalCompleted' || state === 'SignalSent') brought.set(name, version);
    }
  }
  const waiting = waits && !isHeld(other) ? { spec: other.spec } : {};
  return [{ name: other.name, brought, ...waiting }];
}
