import type {
  CommandStatus,
  PlanStatus,
  StoredPlanStatus,
  TargetPhase,
  TargetStatus,
} from '../api/plan.ts';
import type { StepName } from '../api/steps.ts';
import { changedTargets } from './changed-targets.ts';
import { nameList } from './name-list.ts';
import { targetsOf } from './progress.ts';

/** What is said in an Event: on the Plan, and on a target's own object as well where that is named. */
export interface PlanEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Who asked for it, where it answers a request. */
  readonly asker?: string;
  /** Whom it is about, where that is one target. */
  readonly target?: Pick<TargetStatus, 'name' | 'reason'>;
}

const TOLD_PHASES: Partial<Record<TargetPhase, { type: PlanEvent['type']; reason: string }>> = {
  Draining: { type: 'Normal', reason: 'Draining' },
  Applying: { type: 'Normal', reason: 'Applying' },
  OnTrial: { type: 'Normal', reason: 'OnTrial' },
  Committed: { type: 'Normal', reason: 'Updated' },
  Undoing: { type: 'Warning', reason: 'Undoing' },
  Undone: { type: 'Warning', reason: 'Undone' },
  Held: { type: 'Warning', reason: 'Held' },
  Failed: { type: 'Warning', reason: 'Failed' },
};

/** Waits that somebody has made, and somebody may ask about. */
const TOLD_HOLDS: Readonly<Record<string, PlanEvent['type']>> = {
  Paused: 'Normal',
  WaitsForWindow: 'Normal',
  Frozen: 'Normal',
  InvalidPolicy: 'Warning',
  KindsOverwritten: 'Warning',
  LeftByK0s: 'Warning',
  NotAdopted: 'Normal',
  HeldAfterFailure: 'Warning',
};

/** When a Plan begins to be held back; that it goes on is seen by its next step. */
function holdEvents(before: StoredPlanStatus | undefined, after: PlanStatus): PlanEvent[] {
  const waiting = (status: StoredPlanStatus | undefined) =>
    status?.conditions?.find(({ type, status: is }) => type === 'Waiting' && is === 'True');
  const now = waiting(after);
  const type = now === undefined ? undefined : TOLD_HOLDS[now.reason];
  if (now === undefined || type === undefined || waiting(before)?.reason === now.reason) return [];
  return [{ type, reason: now.reason, message: now.message }];
}

/** That targets are put back, and which. */
function rollbackEvents(before: StoredPlanStatus | undefined, after: PlanStatus): PlanEvent[] {
  const added = (status: StoredPlanStatus | undefined) =>
    (status?.commands ?? []).filter(({ rollback }) => rollback === true);
  const back = added(after).flatMap(targetsOf);
  const isSame = before?.runID === after.runID && added(before).length > 0;
  if (back.length === 0 || isSame) return [];
  const message = `put back, in this order: ${nameList(back.map(({ name }) => name))}`;
  return [{ type: 'Warning', reason: 'RollingBack', message }];
}

/** What somebody asked, and what came of it. */
function answerEvents(before: StoredPlanStatus | undefined, after: PlanStatus): PlanEvent[] {
  const told = new Set(before?.requestResults?.map(({ nonce }) => nonce));
  return (after.requestResults ?? [])
    .filter(({ nonce }) => !told.has(nonce))
    .map(({ verb, by, result, reason, message }) => ({
      type: result === 'Done' ? 'Normal' : 'Warning',
      reason,
      asker: by,
      message: `${by} asked to ${verb}: ${result === 'Done' ? '' : 'refused: '}${message}`,
    }));
}

/** Of a run with more targets than this each step of each would be a write of its own that nobody reads. */
export const MOST_TOLD_TARGETS = 100;

/**
 * The Events that a change of status is worth: the start, the end, and each target's steps that a person would
 * look for; of a run with more than {@link MOST_TOLD_TARGETS} targets, its batches, and of targets what is wrong.
 */
export function eventsBetween(
  before: StoredPlanStatus | undefined,
  after: PlanStatus,
): PlanEvent[] {
  const events: PlanEvent[] = [];
  if (before?.runID !== after.runID && after.state === 'SchedulableWait') {
    events.push({
      type: 'Normal',
      reason: 'Started',
      message: `run ${after.runID}: ${after.progress?.total ?? 0} targets to ${after.targetVersion ?? 'no version'}`,
    });
  }
  const accepted = after.conditions?.find(({ type }) => type === 'Accepted');
  if (
    before?.runID !== after.runID &&
    accepted?.status === 'True' &&
    accepted.reason !== 'Started'
  ) {
    events.push({ type: 'Warning', reason: accepted.reason, message: accepted.message });
  }
  events.push(...answerEvents(before, after), ...holdEvents(before, after));
  events.push(...rollbackEvents(before, after));
  const same = before?.runID === after.runID ? before : undefined;
  for (const { id, backup } of after.commands ?? []) {
    const was = same?.commands?.[id]?.backup;
    if (backup === undefined || was !== undefined) continue;
    const message = `${backup.node}: ${backup.path}, ${backup.size} bytes`;
    events.push({ type: 'Normal', reason: 'BackedUp', message });
  }
  const commands = after.commands ?? [];
  const isLarge = commands.reduce((sum, one) => sum + targetsOf(one).length, 0) > MOST_TOLD_TARGETS;
  for (const command of commands) {
    const earlier = same?.commands?.find(({ id }) => id === command.id);
    if (isLarge) events.push(...batchEvents(earlier, command));
    events.push(...targetEvents(earlier, command, isLarge));
  }
  if (before?.state !== after.state || before?.runID !== after.runID) {
    const failed = after.conditions?.find(
      ({ type, status }) => type === 'Failed' && status === 'True',
    );
    const completed = after.conditions?.find(
      ({ type, status }) => type === 'Completed' && status === 'True',
    );
    if (failed !== undefined && after.state !== 'SchedulableWait') {
      events.push({ type: 'Warning', reason: failed.reason, message: failed.message });
    } else if (completed !== undefined) {
      events.push({ type: 'Normal', reason: 'Completed', message: completed.message });
    }
  }
  return events;
}

function batchEvents(before: CommandStatus | undefined, { batch }: CommandStatus): PlanEvent[] {
  if (batch === undefined) return [];
  const was = before?.batch?.number === batch.number ? before.batch : undefined;
  const nodes = `batch ${batch.number} of ${batch.size} nodes`;
  const tell = (reason: StepName, message: string) =>
    [{ type: 'Normal', reason, message }] as const;
  return [
    ...(was === undefined ? tell('BatchStarted', `${nodes} begins`) : []),
    ...(batch.settledAt !== undefined && was?.settledAt === undefined
      ? tell('BatchSettled', `${nodes} is at its end`)
      : []),
  ];
}

function targetEvents(
  before: CommandStatus | undefined,
  command: CommandStatus,
  isLarge: boolean,
): PlanEvent[] {
  const earlier = before === undefined ? [] : targetsOf(before);
  return changedTargets(earlier, targetsOf(command)).flatMap(({ was, now: target }) => {
    if (was?.phase === target.phase) return [];
    const told = toldOf(target);
    if (told === undefined || (isLarge && told.type === 'Normal')) return [];
    return [
      {
        ...told,
        target: { name: target.name, ...(target.reason && { reason: target.reason }) },
        message: target.message === undefined ? target.name : `${target.name}: ${target.message}`,
      },
    ];
  });
}

function toldOf({ phase, reason }: TargetStatus) {
  if (phase === 'Skipped' && reason === 'DrainTimeout') {
    return { type: 'Warning', reason: 'PassedOver' } as const;
  }
  return phase === undefined ? undefined : TOLD_PHASES[phase];
}
