import type { TargetPhase } from '../api/plan.ts';
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
  const began = status.startedAt ?? '';
  const nodesUnderWay: string[] = [];
  let touched = false;
  let last = '';
  const end = (at: string) => {
    if (isBefore(last, at)) last = at;
  };
  for (const command of status.commands) {
    for (const { name, phase, lastUpdatedTimestamp: at } of targetsOf(command)) {
      // What a run that is retried has done before stands in its status as well.
      if (UNTOUCHED.has(phase) || isBefore(at, began)) continue;
      touched = true;
      if (IN_OUR_HANDS.has(phase)) nodesUnderWay.push(name);
      else end(at);
    }
    if (command.batch?.settledAt !== undefined) end(command.batch.settledAt);
  }
  return {
    plan: { name, uid },
    runID: status.runID,
    gates: policy.gates,
    workloads: policy.workloads,
    ignoreNamespaces: policy.workloadsIgnore,
    touched,
    nodesUnderWay,
    settledAtMs: Date.parse(last) || 0,
  };
}

/** Of thousands at every look: times as we write them need not be parsed to be compared. Text that is none is first. */
function isBefore(a: string, b: string): boolean {
  if (isOurs(a) && isOurs(b)) return a < b;
  return (Date.parse(a) || 0) < (Date.parse(b) || 0);
}

function isOurs(text: string): boolean {
  return text.length === '2026-03-01T22:00:00.000Z'.length && text.endsWith('Z');
}
