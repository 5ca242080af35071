import type { TargetPhase } from '../api/plan.ts';
import { withDefaults } from '../api/policy.ts';
import type { GatedRun } from '../gates/wanted.ts';
import { targetsOf } from './progress.ts';
import type { QueuedPlan } from './queue.ts';
import { isUnderWay } from './run.ts';

/** Phases in which nothing was taken away from a node yet. */
const UNTOUCHED: readonly (TargetPhase | undefined)[] = [
  undefined,
  'Pending',
  'Downloading',
  'Staged',
  'Skipped',
];
const IN_OUR_HANDS: readonly (TargetPhase | undefined)[] = [
  'Draining',
  'Applying',
  'OnTrial',
  'Committing',
  'Undoing',
];

/** @returns what the gates of a Plan have to know; undefined while none of its runs is under way */
export function gatedRun({ name, uid, status, deleted }: QueuedPlan): GatedRun | undefined {
  if (deleted || !isUnderWay(status)) return undefined;
  const policy = withDefaults(status.policy ?? {});
  const beganMs = Date.parse(status.startedAt ?? '');
  // What a run that is retried has done before stands in its status as well.
  const targets = status.commands
    .flatMap(targetsOf)
    .filter(({ lastUpdatedTimestamp }) => !(Date.parse(lastUpdatedTimestamp) < beganMs));
  const touched = targets.filter(({ phase }) => !UNTOUCHED.includes(phase));
  const ended = touched
    .filter(({ phase }) => !IN_OUR_HANDS.includes(phase))
    .map(({ lastUpdatedTimestamp }) => lastUpdatedTimestamp);
  const batches = status.commands.flatMap(({ batch }) => batch?.settledAt ?? []);
  return {
    plan: { name, uid },
    runID: status.runID,
    gates: policy.gates,
    workloads: policy.workloads,
    ignoreNamespaces: policy.workloadsIgnore,
    touched: touched.length > 0,
    nodesUnderWay: targets
      .filter(({ phase }) => IN_OUR_HANDS.includes(phase))
      .map((target) => target.name),
    settledAtMs: [...ended, ...batches].reduce((last, at) => Math.max(last, Date.parse(at)), 0),
  };
}
