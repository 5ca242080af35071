import type { TargetPhase } from '../api/plan.ts';
import type { UpdateCourse } from './course.ts';
import { sinceMs } from './deadlines.ts';
import { give, isBusyElsewhere } from './give-order.ts';
import { inTurn } from './in-turn.ts';
import type { Schedule } from './start.ts';
import type { Standing } from './target.ts';

/** A link that is slower than this is not the reason why nobody else may begin. */
const ALONE_FOR_MS = 15_000;

/**
 * One of each platform goes first, and alone until it is staged or has had its time: a bad artifact then costs
 * one download, and the first to be updated need not share its link with those whose turn is much later.
 */
export function scheduleDownloads(
  standings: readonly Standing[],
  course: UpdateCourse,
  bearer: string | undefined,
): Pick<Schedule, 'starts' | 'untilMs'> {
  const downloading = standings.filter(({ phase }) => phase === 'Downloading');
  const unverified = new Set(platformsNotVerified(standings));
  const aloneUntilMs = new Map<string, number>();
  for (const one of downloading) {
    const platform = platformOf(one);
    if (platform === undefined || !unverified.has(platform)) continue;
    const endMs = sinceMs(one.target, 'Downloading', course) + ALONE_FOR_MS;
    aloneUntilMs.set(platform, Math.min(endMs, aloneUntilMs.get(platform) ?? endMs));
  }
  const free = Math.max(0, course.policy.downloadConcurrent - downloading.length);
  // While all links are taken, nobody need be put in order.
  if (free === 0 && unverified.size === 0) return { starts: [] };
  const firsts: Standing[] = [];
  const rest: Standing[] = [];
  let untilMs: number | undefined;
  const begun = new Set<string>();
  const pending = standings.filter(
    ({ target, phase }) => phase === 'Pending' && !isBusyElsewhere(target),
  );
  for (const standing of inTurn(pending, standings, course, bearer)) {
    const platform = platformOf(standing);
    if (platform === undefined || !unverified.has(platform)) {
      rest.push(standing);
      continue;
    }
    const endMs = aloneUntilMs.get(platform);
    if (endMs === undefined) {
      if (!begun.has(platform)) firsts.push(standing);
      begun.add(platform);
    } else if (endMs <= course.nowMs) rest.push(standing);
    else untilMs = Math.min(endMs, untilMs ?? endMs);
  }
  return {
    starts: [...firsts, ...rest].slice(0, free).map(({ target }) => ({
      target,
      phase: 'Downloading' as const,
      actions: give(target, 'stage', course, bearer),
    })),
    ...(untilMs === undefined ? {} : { untilMs }),
  };
}

function platformOf({ target }: Standing): string | undefined {
  return target.host?.platform;
}

/** Platforms of which nobody has staged the artifact yet. */
export function platformsNotVerified(standings: readonly Standing[]): string[] {
  const waiting = new Set<string>();
  const verified = new Set<string>();
  for (const standing of standings) {
    const platform = platformOf(standing);
    if (platform === undefined) continue;
    if (standing.phase === 'Pending' || standing.phase === 'Downloading') waiting.add(platform);
    else if (hasStaged(standing)) verified.add(platform);
  }
  return [...waiting].filter((platform) => !verified.has(platform));
}

const NOTHING_STAGED = new Set<TargetPhase>(['Pending', 'Downloading', 'Failed', 'Skipped']);

function hasStaged({ phase }: Standing): boolean {
  return !NOTHING_STAGED.has(phase);
}
