import type { PlanStatus, TargetPhase, TargetStatus } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import { withCondition } from './conditions.ts';
import type { PlanFacts } from './facts.ts';
import type { Hold } from './hold.ts';
import type { Schedule } from './start.ts';
import { isFinal, type Standing } from './target.ts';

/** The nearer a node is to being given back, the more its wait explains the Plan's. */
const BY_URGENCY: readonly TargetPhase[] = [
  'Held',
  'Undoing',
  'OnTrial',
  'Applying',
  'Draining',
  'Committing',
  'Downloading',
];
const URGENCY: ReadonlyMap<TargetPhase, number> = new Map(
  BY_URGENCY.map((phase, rank) => [phase, rank]),
);
const SHOWN_NODES = 3;
const COLUMN_WIDTH = 120;

interface Wait {
  readonly reason: Reason;
  readonly message: string;
  readonly status: Pick<PlanStatus, 'state' | 'waitsFor' | 'conditions'>;
}

/** S12, nothing waits without saying for what: one sentence for the column, conditions for the rest. */
export function waitsFor(
  standings: readonly Standing[],
  targets: readonly TargetStatus[],
  { wait: held, hold }: { readonly wait: Schedule['wait']; readonly hold: Hold | undefined },
  facts: PlanFacts,
): Wait {
  const inFlight = standings
    .filter(({ phase }) => URGENCY.has(phase))
    .toSorted((a, b) => URGENCY.get(a.phase)! - URGENCY.get(b.phase)!);
  const told = toldOf(inFlight, standings, targets);
  const touched = inFlight.filter(({ phase }) => phase !== 'Downloading');
  const shown = touched.length > 0 ? touched : inFlight;
  const first = shown[0] === undefined ? undefined : told.get(shown[0].target.name);
  const settling =
    standings.some(({ phase }) => !isFinal(phase)) &&
    standings.some(({ phase }) => phase === 'Failed' || phase === 'Undone');

  let reason: Reason;
  let message: string;
  if (hold !== undefined && standings.some(({ phase }) => !isFinal(phase))) {
    reason = hold.reason;
    const still = inFlight.length === 0 ? '' : `; still under way: ${describe(inFlight, told)}`;
    message = `${hold.message}${still}`;
  } else if (touched.length === 0 && held !== undefined && held.reason !== 'WaitsForDownload') {
    ({ reason, message } = held);
  } else if (first === undefined) {
    reason = settling ? 'WaitsForSettling' : (held?.reason ?? 'WaitsForReport');
    message = held?.message ?? 'nodes to answer';
  } else {
    reason = (first.reason as Reason | undefined) ?? 'WaitsForReport';
    message = describe(shown, told);
  }
  if (facts.writes?.isSlowed) {
    message = `${message}; the API server asks for patience, and is written to by ${facts.writes.atOnce} at once`;
  }
  // k0s's word for "a next one is chosen, and something holds it back".
  const state = inFlight.length === 0 && held !== undefined ? 'Schedulable' : 'SchedulableWait';
  const before = facts.plan.status?.conditions ?? [];
  const { generation } = facts.plan;
  const conditions = withCondition(
    withCondition(
      before,
      { type: 'Waiting', status: 'True', reason, message },
      generation,
      facts.nowMs,
    ),
    newer(facts)
      ? {
          type: 'RollingOut',
          status: 'True',
          reason: 'NewGenerationWaits',
          message: `generation ${generation} of the spec runs after this one`,
        }
      : isGoingBack(facts)
        ? {
            type: 'RollingOut',
            status: 'True',
            reason: 'RollingBack',
            message: 'what the run had updated is being put back',
          }
        : {
            type: 'RollingOut',
            status: 'True',
            reason: 'RollingOut',
            message: 'targets are being updated',
          },
    facts.plan.status?.observedGeneration ?? generation,
    facts.nowMs,
  );
  return { reason, message, status: { state, waitsFor: clip(message), conditions } };
}

/** What is said of those that are shown: the first of them, and they are few of thousands. */
function toldOf(
  shown: readonly Standing[],
  standings: readonly Standing[],
  targets: readonly TargetStatus[],
): ReadonlyMap<string, TargetStatus> {
  const names = new Set(shown.map(({ target }) => target.name));
  const told = new Map<string, TargetStatus>();
  if (names.size === 0) return told;
  targets.forEach((target, at) => {
    const name = standings[at]?.target.name ?? target.name;
    if (names.has(name)) told.set(name, target);
  });
  return told;
}

/** For a column of `kubectl get`; the whole sentence is in the condition Waiting. */
function clip(message: string): string {
  return message.length > COLUMN_WIDTH ? `${message.slice(0, COLUMN_WIDTH - 1)}…` : message;
}

function describe(shown: readonly Standing[], told: ReadonlyMap<string, TargetStatus>): string {
  const parts = shown.slice(0, SHOWN_NODES).map(({ target, phase }) => {
    const message = told.get(target.name)?.message;
    return `${target.name} ${phase}${message === undefined ? '' : `: ${message}`}`;
  });
  const rest = shown.length - parts.length;
  return rest > 0 ? `${parts.join('; ')}; and ${rest} more` : parts.join('; ');
}

function isGoingBack({ plan }: PlanFacts): boolean {
  return plan.status?.rollback !== undefined;
}

function newer(facts: PlanFacts): boolean {
  const observed = facts.plan.status?.observedGeneration;
  return observed !== undefined && observed < facts.plan.generation;
}
