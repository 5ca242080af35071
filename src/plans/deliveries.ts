import type { DeliveryCourse } from './course.ts';
import { give, isBusyElsewhere } from './give-order.ts';
import { leftOut } from './left-out.ts';
import type { Schedule, Start } from './start.ts';
import { isFinal, type Standing } from './target.ts';

/**
 * Who downloads a bundle next: no more at once than the Plan and the policy allow. Where nobody knows the
 * digest yet, the first node of a platform goes alone, and what it has verified is what all others must get.
 */
export function scheduleDeliveries(
  standings: readonly Standing[],
  course: DeliveryCourse,
): Schedule {
  if (course.stopping) return { starts: [], wait: undefined };
  if (standings.every(({ phase }) => isFinal(phase))) return { starts: [], wait: undefined };
  if (course.hold !== undefined) return { starts: [], wait: course.hold };
  const { limit, because } = course.concurrency;
  const underWay = standings.filter(({ phase }) => phase !== 'Pending' && !isFinal(phase));
  const unverified = new Set(
    underWay
      .map(({ target }) => target.host?.platform)
      .filter((platform) => platform !== undefined && course.pinned[platform] === undefined),
  );
  let free = limit - underWay.length;
  let wait: Schedule['wait'];
  const starts: Start[] = [];
  for (const { target, phase } of standings) {
    if (phase !== 'Pending') continue;
    const platform = target.host?.platform;
    const left = leftOut(target.host, undefined, course.nowMs);
    if (left !== undefined) {
      starts.push({ target, phase: 'Skipped', ...left, actions: [] });
    } else if (isBusyElsewhere(target)) {
      wait ??= {
        reason: 'WaitsForOtherPlan',
        message: `${target.name} still obeys an order of another run`,
      };
    } else if (unverified.has(platform)) {
      wait ??= {
        reason: 'WaitsForDownload',
        message: `no ${platform} bundle has been verified yet`,
      };
    } else if (free <= 0) {
      wait ??= {
        reason: 'WaitsForSlot',
        message: `${limit - free} under way, ${because}`,
      };
    } else {
      free--;
      if (platform !== undefined && course.pinned[platform] === undefined) unverified.add(platform);
      starts.push({ target, phase: 'Downloading', actions: give(target, 'apply', course) });
    }
  }
  return { starts, wait };
}
