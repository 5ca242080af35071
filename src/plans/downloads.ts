import type { TargetPhase } from '../api/plan.ts';
import type { UpdateCourse } from './course.ts';
import { sinceMs } from './deadlines.ts';
import { give, isBusyElsewhere } from './give-order.ts';
import { inTurn } from './in-turn.ts';
import type { Schedule, Start } from './start.ts';
import type { Standing } from './target.ts';

/** A link that is slower than this is not the reason why nobody else may begin. */
const ALONE_FOR_MS = 15_000;
/** A controller that is away for longer than this is waited for by other means. */
const IN_PEACE_FOR_MS = 60_000;

interface Besides {
  readonly unverified: ReadonlySet<string>;
  readonly next: readonly Start[];
}

/**
 * One of each platform goes first, and alone until it is staged or has had its time: a bad artifact then costs
 * one download, and the first to be updated need not share its link with those whose turn is much later. For the
 * same reason controllers go one after the other, and workers behind them.
 *
 * Nobody begins while a controller is away, or the next one is about to be: etcd has lost a member, and the others
 * need their disks and links for that and to take it in again. A download has hours.
 *
 * @param unverified platforms of which nobody has staged the artifact yet
 * @param next what is begun besides at this look
 * @see docs/adr/0027-downloads-keep-out-of-the-way.md
 */
export function scheduleDownloads(
  standings: readonly Standing[],
  course: UpdateCourse,
  bearer: string | undefined,
  { unverified, next }: Besides,
): Pick<Schedule, 'starts' | 'untilMs'> {
  const downloading = standings.filter(({ phase }) => phase === 'Downloading');
  const aloneUntilMs = new Map<string, number>();
  for (const one of downloading) {
    const platform = platformOf(one);
    if (platform === undefined || !unverified.has(platform)) continue;
    const endMs = aloneUntil(one, course);
    aloneUntilMs.set(platform, Math.min(endMs, aloneUntilMs.get(platform) ?? endMs));
  }
  const free = Math.max(0, course.policy.downloadConcurrent - downloading.length);
  // While all links are taken, nobody need be put in order.
  if (free === 0 && unverified.size === 0) return { starts: [] };
  const firsts: Standing[] = [];
  const rest: Standing[] = [];
  const laterMs: number[] = [];
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
    else laterMs.push(endMs);
  }
  const held = rest.length === 0 ? undefined : heldUntil(standings, course, next);
  if (held !== undefined) laterMs.push(held);
  const others = held === undefined ? oneController(rest, course) : [];
  return {
    starts: [...firsts, ...others].slice(0, free).map(({ target }) => ({
      target,
      phase: 'Downloading' as const,
      actions: give(target, 'stage', course, bearer),
    })),
    ...(laterMs.length === 0 ? {} : { untilMs: Math.min(...laterMs) }),
  };
}

/** @returns until when nobody else begins, unless something changes before; undefined where they may */
function heldUntil(
  standings: readonly Standing[],
  course: UpdateCourse,
  next: readonly Start[],
): number | undefined {
  // What a host has kept is on its disk already.
  if (course.rollback) return undefined;
  if (next.some(({ phase, target }) => phase === 'Applying' && target.role === 'controller')) {
    return course.nowMs + IN_PEACE_FOR_MS;
  }
  const controllers = standings.filter(({ target }) => target.role === 'controller');
  const isNextReady = controllers.some(({ phase }) => phase === 'Staged');
  const untilMs = controllers.flatMap((one) => {
    const { target, phase } = one;
    if (phase === 'Downloading') return [aloneUntil(one, course)];
    const isJudged = phase === 'OnTrial' || phase === 'Committing';
    if (!isAway(one, course) && !(isJudged && isNextReady)) return [];
    return [sinceMs(target, phase, course) + IN_PEACE_FOR_MS];
  });
  const latestMs = Math.max(course.nowMs, ...untilMs);
  return latestMs > course.nowMs ? latestMs : undefined;
}

function aloneUntil({ target }: Standing, course: UpdateCourse): number {
  return sinceMs(target, 'Downloading', course) + ALONE_FOR_MS;
}

/** Told to restart, and its API server has not been seen ready since. */
function isAway({ target, phase }: Standing, course: UpdateCourse): boolean {
  if (phase === 'Applying' || phase === 'Undoing') return true;
  if (phase !== 'OnTrial') return false;
  const { ready, atMs } = target.controlNode!.apiServer;
  return ready !== 'True' || atMs <= sinceMs(target, phase, course);
}

/** Of controllers the first alone; workers wait for none that is not there. */
function oneController(inLine: readonly Standing[], course: UpdateCourse): readonly Standing[] {
  const isFirstOfMany = !course.rollback && inLine[0]?.target.role === 'controller';
  return isFirstOfMany ? inLine.slice(0, 1) : inLine;
}

function platformOf({ target }: Standing): string | undefined {
  return target.host?.platform;
}

/** Platforms of which nobody has staged the artifact yet. */
export function platformsNotVerified(standings: readonly Standing[]): ReadonlySet<string> {
  const waiting = new Set<string>();
  const verified = new Set<string>();
  for (const standing of standings) {
    const platform = platformOf(standing);
    if (platform === undefined) continue;
    if (standing.phase === 'Pending' || standing.phase === 'Downloading') waiting.add(platform);
    else if (hasStaged(standing)) verified.add(platform);
  }
  for (const platform of verified) waiting.delete(platform);
  return waiting;
}

const NOTHING_STAGED = new Set<TargetPhase>(['Pending', 'Downloading', 'Failed', 'Skipped']);

function hasStaged({ phase }: Standing): boolean {
  return !NOTHING_STAGED.has(phase);
}
