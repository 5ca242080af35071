import { parseK0sVersion } from '../api/k0s-version.ts';
import type { CommandStatus, K0sUpdate } from '../api/plan.ts';
import { withDefaults } from '../api/policy.ts';
import { newestBackup } from './backup.ts';
import { deliveriesAtOnce, workersAtOnce } from './concurrency.ts';
import type { Course } from './course.ts';
import type { PlanFacts } from './facts.ts';
import { judgeFailures } from './failures.ts';
import { type Hold, holdOf } from './hold.ts';
import { overwrittenHold } from './overwritten.ts';
import { rollbackPolicy } from './rollback-policy.ts';
import type { RunningStatus } from './run.ts';
import { isCalledBack, isFinal, isTrouble, phaseOf, type Target } from './target.ts';
import { overtaken } from './turn.ts';

const NONE: ReadonlySet<string> = new Set();

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
  const rollback = command.rollback === true;
  const frozen = withDefaults(status.policy ?? {});
  const policy = rollback ? rollbackPolicy(frozen) : frozen;
  const verdict = judgeFailures(
    views,
    (at) => isInTrouble(views[at]!),
    k0supdate === undefined ? 'airgap' : 'k0s',
    policy,
    command.failure,
  );
  const isEnding =
    status.aborted !== undefined || (rollback ? hasLost(status) : isToGoBack(status));
  const stopping = isEnding || verdict.kind === 'stop';
  const held = verdict.kind === 'hold' && !stopping ? verdict.hold : undefined;
  const common = {
    nowMs: facts.nowMs,
    sightedSinceMs: facts.sightedSinceMs,
    epoch: facts.epoch,
    policy,
    hold: held ?? overwrittenHold(facts) ?? liveHold(facts, rollback) ?? overtaken(facts),
    plan: facts.plan,
    runID: status.runID,
    command: command.id,
    version: one.version,
    platforms: one.platforms,
    stopping,
    quarantined: facts.quarantined,
    nodesBeingWritten: facts.nodesBeingWritten ?? NONE,
    // What each host has kept is its own: nobody's digest holds for another.
    pinned: rollback ? {} : pin(one.platforms, command, views),
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
    rollback,
    controllersNotReady: [...facts.controlNodes.values()]
      .filter(({ apiServer }) => apiServer.ready !== 'True')
      .map(({ name }) => name)
      .filter((name) => !waitsForItsOwnWayBack(name, status, command)),
    // What goes back is asked for, whatever came meanwhile; a host that another Plan has updated is left by then.
    later: rollback ? [] : facts.others.later,
    backup: newestBackup(status.commands, command, views, facts.nowMs),
  };
}

/** What puts back is not held by a window or a freeze, no more than an undo is; a person's brake holds it. */
function liveHold(facts: PlanFacts, rollback: boolean): Hold | undefined {
  const hold = holdOf(facts);
  return rollback && hold?.kind === 'gate' ? undefined : hold;
}

/** Somebody has asked that the run be put back, and its commands come to their end for it. */
function isToGoBack({ rollback }: RunningStatus): boolean {
  return rollback !== undefined;
}

/** A controller did not go back: what is left of them is what the cluster stands on. */
function hasLost({ commands }: RunningStatus): boolean {
  return commands.some(
    ({ rollback, k0supdate }) =>
      rollback === true &&
      k0supdate?.controllers?.some(
        ({ phase, reason }) => phase !== undefined && isTrouble(phase, reason),
      ),
  );
}

/**
 * A controller that is down because of what it was updated to is put back after the workers, and must not be
 * what they wait for.
 */
function waitsForItsOwnWayBack(
  controller: string,
  { commands }: RunningStatus,
  { id, rollback }: CommandStatus,
): boolean {
  if (rollback !== true) return false;
  return commands.some(
    (later) =>
      later.id > id &&
      later.rollback === true &&
      later.k0supdate?.controllers?.some(({ name }) => name === controller),
  );
}

function isInTrouble(target: Target): boolean {
  if (target.isAtRest || target.parked !== undefined) return false;
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
  // Of thousands, at every look: the first of each platform has said it.
  if (Object.keys(platforms).every((platform) => pinned[platform] !== undefined)) return pinned;
  for (const { host, signal } of views) {
    if (host?.platform !== undefined && signal?.staged !== undefined) {
      pinned[host.platform] ??= signal.staged.sha256;
    }
  }
  return pinned;
}
