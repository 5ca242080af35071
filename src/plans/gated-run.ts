import type { TargetPhase, TargetStatus } from '../api/plan.ts';
import { withDefaults } from '../api/policy.ts';
import type { GatedRun } from '../gates/wanted.ts';
import { targetsOf } from './progress.ts';
import type { QueuedPlan } from './queue.ts';
import { isUnderWay } from './run.ts';

/** Phases in which nothing was taken away from a node yet. */
const UNTOUCHED: ReadonlySet<TargetPhase | undefined> = new Set([
  undefined,
  'Pending',
  'Downloading',
  'Staged',
  'Skipped',
]);
const IN_OUR_HANDS: ReadonlySet<TargetPhase | undefined> = new Set([
  'Draining',
  'Applying',
  'OnTrial',
  'Committing',
  'Undoing',
]);

/** @returns what the gates of a Plan have to know; undefined while none of its runs is under way */
export function gatedRun({ name, uid, status, deleted }: QueuedPlan): GatedRun | undefined {
  if (deleted || !isUnderWay(status)) return undefined;
  const policy = withDefaults(status.policy ?? {});
  const beganMs = Date.parse(status.startedAt ?? '');
  // What a run that is retried has done before stands in its status as well.
  const touched = status.commands
    .flatMap(targetsOf)
    .filter((target) => !UNTOUCHED.has(target.phase) && !(movedAtMs(target) < beganMs));
  const ended = touched.filter(({ phase }) => !IN_OUR_HANDS.has(phase)).map(movedAtMs);
  const batches = status.commands.flatMap(({ batch }) =>
    batch?.settledAt === undefined ? [] : [Date.parse(batch.settledAt)],
  );
  return {
    plan: { name, uid },
    runID: status.runID,
    gates: policy.gates,
    workloads: policy.workloads,
    ignoreNamespaces: policy.workloadsIgnore,
    touched: touched.length > 0,
    nodesUnderWay: touched
      .filter(({ phase }) => IN_OUR_HANDS.has(phase))
      .map((target) => target.name),
    settledAtMs: [...ended, ...batches].reduce((last, atMs) => Math.max(last, atMs), 0),
  };
}

/** Of thousands of targets few move between two looks, and a target that has moved is another object. */
const moved = new WeakMap<TargetStatus, number>();

function movedAtMs(target: TargetStatus): number {
  let atMs = moved.get(target);
  if (atMs === undefined) {
    atMs = Date.parse(target.lastUpdatedTimestamp);
    moved.set(target, atMs);
  }
  return atMs;
}
