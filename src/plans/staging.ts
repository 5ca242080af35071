import type { Signal } from '../signals/report.ts';
import type { Course } from './course.ts';
import { acknowledgeMs, atLeastSighted, deadlineOf, sinceMs } from './deadlines.ts';
import { callBack, fail, giveBack, recallOf, type Step, say, seconds, why } from './step.ts';
import type { Target } from './target.ts';

/** A target that was ordered to fetch and verify: alike for a binary and for a bundle. */
export function downloading(target: Target, course: Course): Step {
  const { signal } = target;
  if (course.stopping) return callBack(target, course);
  const answerWithinMs = acknowledgeMs(target, course);
  const answerByMs = atLeastSighted(
    target,
    sinceMs(target, 'Downloading', course) + answerWithinMs,
    course,
  );
  if (signal === undefined && course.nowMs >= answerByMs) {
    return {
      ...fail('AgentSilent', `the agent did not answer within ${seconds(answerWithinMs)}`),
      actions: say(target, recallOf(course), course),
    };
  }
  const deadlineMs = deadlineOf(target, 'Downloading', course);
  if (course.nowMs >= deadlineMs) {
    const so = signal === undefined ? '' : `, ${downloaded(signal)} by then`;
    return {
      ...fail(
        'DownloadTimeout',
        `not downloaded and verified within ${seconds(course.policy.downloadTimeoutMs)}${so}`,
      ),
      actions: say(target, recallOf(course), course),
    };
  }
  return {
    phase: 'Downloading',
    reason: 'WaitsForDownload',
    message: signal === undefined ? 'ordered to download' : (signal.message ?? downloaded(signal)),
    deadlineMs: signal === undefined ? answerByMs : deadlineMs,
    actions: [],
  };
}

/** A target that was called back, until its agent says that it has heard. */
export function calledBack(target: Target, course: Course): Step {
  const deadlineMs = deadlineOf(target, 'Staged', course);
  if (course.nowMs >= deadlineMs)
    return { phase: 'Skipped', ...why('RunStopped'), actions: giveBack(target) };
  return {
    phase: 'Staged',
    reason: 'WaitsForSettling',
    message: 'called back before anything was taken away',
    deadlineMs,
    actions: giveBack(target),
  };
}

function downloaded(signal: Signal): string {
  if (signal.bytes === undefined) return 'downloading';
  const { done, total } = signal.bytes;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return total === undefined
    ? `${megabytes(done)} downloaded`
    : `${Math.floor((100 * done) / Math.max(total, 1))} % of ${megabytes(total)} downloaded`;
}
