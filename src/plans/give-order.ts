import { minorsBetween, parseK0sVersion } from '../api/k0s-version.ts';
import { isSettled } from '../signals/lifecycle.ts';
import type { Goal, Order, OrderedArtifact } from '../signals/order.ts';
import type { Course } from './course.ts';
import type { Action, HostFacts } from './facts.ts';
import { keptBinary } from './kept-binary.ts';
import type { Target } from './target.ts';

/**
 * The first order of a target, or the same one once more where somebody has removed it.
 * @param bearer name of the controller that is to make the backup of the command
 * @returns nothing while an order of another run is still being obeyed there
 */
export function give(target: Target, goal: Goal, course: Course, bearer?: string): Action[] {
  const { host } = target;
  if (host === undefined || isBusyElsewhere(target)) return [];
  const artifact = artifactFor(host, course);
  if (artifact === undefined) return [];
  const order: Order = {
    v: 1,
    id: target.orderId,
    attempt: target.status.attempts ?? 1,
    goal,
    plan: { name: course.plan.name, uid: course.plan.uid },
    run: course.runID,
    command: course.command,
    epoch: course.epoch,
    artifact,
    durations: {
      stageMs: course.policy.downloadTimeoutMs,
      confirmMs: course.policy.confirmTimeoutMs,
    },
    undo: goesBackByItself(target, course) ? 'binary' : 'never',
    ...(bearer === target.name && target.role === 'controller'
      ? {
          backup: { keep: course.policy.backupKeep, withinMs: course.policy.backupTimeoutMs },
        }
      : {}),
  };
  return [{ kind: 'order', role: target.role, name: host.name, order, replaces: host.orderText }];
}

/** @returns undefined where there is none any more; then nothing is sent */
function artifactFor(host: HostFacts, course: Course): OrderedArtifact | undefined {
  const { kind, version } = course;
  if (course.kind === 'k0s' && course.rollback) {
    const kept = keptBinary(host);
    if (kept?.version !== version) return undefined;
    return { kind, version, from: 'previous', sha256: kept.sha256, force: false };
  }
  const artifact = course.platforms[host.platform ?? ''];
  // Preflight saw one; labels that were changed since are a person's doing, and nothing is sent blindly.
  if (artifact === undefined) return undefined;
  const sha256 = course.pinned[host.platform ?? ''];
  return {
    kind,
    version,
    url: artifact.url,
    ...(artifact.mirrors?.length ? { mirrors: artifact.mirrors } : {}),
    ...(sha256 === undefined ? {} : { sha256 }),
    force: course.kind === 'k0s' && course.force,
  };
}

/** @returns whether the node still obeys an order of another run, so that ours has to wait */
export function isBusyElsewhere(target: Target): boolean {
  const { foreignOrder, host } = target;
  if (foreignOrder === undefined || host?.report.kind !== 'valid') return false;
  const { signal } = host.report.value;
  return signal?.id === foreignOrder.id && !isSettled(signal.phase);
}

/** etcd's cluster version and stored API versions move with a minor version, and do not move back. */
function goesBackByItself(target: Target, course: Course): boolean {
  if (course.kind === 'airgap' || target.role === 'worker') return true;
  const before = parseK0sVersion(target.status.previousVersion ?? '');
  return before === undefined || minorsBetween(before, course.wanted) === 0;
}
