import { parseK0sVersion } from '../api/k0s-version.ts';
import type { CommandStatus, K0sUpdate } from '../api/plan.ts';
import { withDefaults } from '../api/policy.ts';
import { newestBackup } from './backup.ts';
import { deliveriesAtOnce, workersAtOnce } from './concurrency.ts';
import type { Course } from './course.ts';
import type { PlanFacts } from './facts.ts';
import { isPastFailures } from './failures.ts';
import { holdOf } from './hold.ts';
import type { RunningStatus } from './run.ts';
import { isCalledBack, isFinal, isTrouble, phaseOf, type Target } from './target.ts';
import { overtaken } from './turn.ts';

/** @returns undefined where the command holds nothing that could be run, which preflight refuses */
export function plotCourse(
  facts: PlanFacts,
  status: RunningStatus,
  command: CommandStatus,
  views: readonly Target[],
): Course | undefined {
  const { k0supdate, airgapupdate } = status.frozenSpec.commands[command.id] ?? {};
  const one = k0supdate ?? airgapupdate;
  if (one === undefined) return undefined;
  const policy = withDefaults(status.policy ?? {});
  const common = {
    nowMs: facts.nowMs,
    sightedSinceMs: facts.sightedSinceMs,
    epoch: facts.epoch,
    policy,
    hold: holdOf(facts) ?? overtaken(facts),
    plan: facts.plan,
    runID: status.runID,
    command: command.id,
    version: one.version,
    platforms: one.platforms,
    stopping:
      status.aborted !== undefined ||
      command.failure !== undefined ||
      isPastFailures(
        views.map((target) => ({ role: target.role, inTrouble: isInTrouble(target) })),
        k0supdate === undefined ? 'airgap' : 'k0s',
        policy.maxFailures,
      ),
    pinned: pin(one.platforms, command, views),
  };
  if (k0supdate === undefined) {
    const concurrency = deliveriesAtOnce(airgapupdate!.workers, policy);
    return { ...common, kind: 'airgap', concurrency };
  }
  const wanted = parseK0sVersion(k0supdate.version);
  if (wanted === undefined) return undefined;
  return {
    ...common,
    kind: 'k0s',
    concurrency: workersAtOnce(
      k0supdate.targets.workers,
      policy,
      views.filter(({ role }) => role === 'worker'),
    ),
    wanted,
    force: k0supdate.forceupdate === true,
    controllersNotReady: [...facts.controlNodes.values()]
      .filter(({ apiServer }) => apiServer.ready !== 'True')
      .map(({ name }) => name),
    later: facts.others.later,
    backup: newestBackup(status.commands, command, views, facts.nowMs),
  };
}

function isInTrouble(target: Target): boolean {
  const phase = phaseOf(target);
  // An order that was called back tells of a failure whose record may have died with the last leader.
  return isTrouble(phase, target.status.reason) || (!isFinal(phase) && isCalledBack(target.order));
}

/**
 * The digest that every node of a platform must have: the Plan's own, or that of the first that was staged.
 * Written down before anything is applied, so that a mirror cannot hand out two different files in one run.
 */
function pin(
  platforms: K0sUpdate['platforms'],
  command: CommandStatus,
  views: readonly Target[],
): Readonly<Record<string, string>> {
  const pinned: Record<string, string> = { ...command.pinned };
  for (const [platform, { sha256 }] of Object.entries(platforms)) {
    if (sha256) pinned[platform] ??= sha256.toLowerCase();
  }
  for (const { host, signal } of views) {
    if (host?.platform !== undefined && signal?.staged !== undefined) {
      pinned[host.platform] ??= signal.staged.sha256;
    }
  }
  return pinned;
}
