import type { Transition } from '../api/history.ts';
import {
  isTerminalState,
  type PlanSpec,
  type Role,
  type StoredPlanStatus,
  type TargetPhase,
} from '../api/plan.ts';
import {
  KEPT_RUNS,
  KEPT_RUNS_OF_PLAN,
  TOLD_TARGETS,
  TOLD_TRANSITIONS,
  type ToldTarget,
  type UpdateRunSpec,
  type UpdateRunStatus,
} from '../api/update-run.ts';
import type { TrimmedPlan } from './trim-plan.ts';
import type { TrimmedUpdateRun } from './trim-update-run.ts';

/** One run as its UpdateRun tells of it. */
export interface RunRecord {
  readonly name: string;
  readonly spec: UpdateRunSpec;
  readonly status: UpdateRunStatus;
}

/**
 * What is to be told of the run that a status is about.
 * @param transitions those that are known of it, in order
 * @returns undefined where nothing has begun
 */
export function recordOf(
  plan: Pick<TrimmedPlan, 'name' | 'uid' | 'generation' | 'appliedAtMs' | 'appliedBy'> & {
    readonly spec: TrimmedPlan['spec'];
  },
  status: StoredPlanStatus,
  transitions: readonly Transition[],
): RunRecord | undefined {
  const { runID, startedAt, finishedAt, frozenSpec } = status;
  if (runID === undefined || startedAt === undefined) return undefined;
  const spec = frozenSpec ?? ('invalid' in plan.spec ? undefined : plan.spec);
  const { reason, message } = outcomeOf(status) ?? {};
  return {
    name: runName(plan.name, runID),
    spec: {
      plan: plan.name,
      planUID: plan.uid,
      runID,
      generation: status.observedGeneration ?? plan.generation,
      versions: spec === undefined ? [] : versionsOf(spec),
      ...(plan.appliedBy === undefined ? {} : { appliedBy: plan.appliedBy }),
      ...(plan.appliedAtMs > 0 ? { appliedAt: new Date(plan.appliedAtMs).toISOString() } : {}),
    },
    status: {
      state: status.state ?? '',
      startedAt,
      ...(finishedAt === undefined ? {} : { finishedAt }),
      ...(status.progress === undefined ? {} : { progress: status.progress.text }),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      targets: toldTargets(status),
      transitions: transitions.slice(-TOLD_TRANSITIONS),
    },
  };
}

const LONGEST_NAME = 253;

/** Of a Plan whose name is too long the end is left out: the run's own name tells it from others. */
export function runName(plan: string, runID: string): string {
  const room = LONGEST_NAME - runID.length - 1;
  return `${plan.slice(0, room).replace(/[-.]+$/, '')}-${runID}`;
}

function versionsOf({ commands }: PlanSpec): string[] {
  return commands.map(({ k0supdate, airgapupdate }) => (k0supdate ?? airgapupdate)?.version ?? '');
}

/** What it came to; while it is under way, what it waits for. */
function outcomeOf({ conditions = [], state }: StoredPlanStatus) {
  const types = isTerminalState(state) ? ['Failed', 'Completed'] : ['Waiting'];
  return conditions.find(({ type, status }) => types.includes(type) && status === 'True');
}

const URGENCY: Partial<Record<TargetPhase, number>> = { Failed: 0, Undone: 0, Held: 0, Undoing: 1 };

function toldTargets({ commands }: StoredPlanStatus): ToldTarget[] {
  const told = (commands ?? []).flatMap(({ id, k0supdate, airgapupdate }) => {
    const lists: [Role, typeof airgapupdate][] = [
      ['controller', { workers: k0supdate?.controllers }],
      ['worker', { workers: k0supdate?.workers }],
      ['worker', airgapupdate],
    ];
    return lists.flatMap(([role, list]) =>
      (list?.workers ?? []).map(
        ({ name, phase = 'Pending', reason, message, previousVersion }) => ({
          name,
          role,
          command: id,
          phase,
          ...(reason === undefined ? {} : { reason }),
          ...(message === undefined ? {} : { message }),
          ...(previousVersion === undefined ? {} : { previousVersion }),
        }),
      ),
    );
  });
  if (told.length <= TOLD_TARGETS) return told;
  const urgency = ({ phase }: ToldTarget) => URGENCY[phase] ?? 2;
  return told.toSorted((a, b) => urgency(a) - urgency(b)).slice(0, TOLD_TARGETS);
}

/** What was told before and what is new, each once, in the order in which it happened. */
export function joinTransitions(
  before: readonly Transition[],
  news: readonly Transition[],
): Transition[] {
  const key = ({ at, reason, message }: Transition) => `${at} ${reason} ${message}`;
  const each = new Map([...before, ...news].map((one) => [key(one), one]));
  return [...each.values()]
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .slice(-TOLD_TRANSITIONS);
}

/** The end of a run whose Plan went away while it was under way. */
export function afterDeletion(run: TrimmedUpdateRun, nowMs: number, by: string): UpdateRunStatus {
  const at = new Date(nowMs).toISOString();
  const message =
    'the Plan was deleted while it was under way; what was staged is called back, what was on trial is undone';
  const end = { at, run: run.runID, reason: 'PlanDeleted', message, by };
  return {
    ...run.status,
    state: 'Deleted',
    finishedAt: at,
    reason: 'PlanDeleted',
    message,
    transitions: joinTransitions(run.status?.transitions ?? [], [end]),
  };
}

/** Names of ended runs beyond those that are kept, the oldest. */
export function surplusRuns(runs: readonly TrimmedUpdateRun[]): string[] {
  const newestFirst = runs
    .filter(({ finishedAt }) => finishedAt !== undefined)
    .toSorted((a, b) => b.startedAtMs - a.startedAtMs);
  const open = runs.length - newestFirst.length;
  const ofPlan = new Map<string, number>();
  const surplus: string[] = [];
  let kept = open;
  for (const { name, plan } of newestFirst) {
    const before = ofPlan.get(plan) ?? 0;
    if (before >= KEPT_RUNS_OF_PLAN || kept >= KEPT_RUNS) {
      surplus.push(name);
      continue;
    }
    ofPlan.set(plan, before + 1);
    kept++;
  }
  return surplus;
}
