import type { UpdateCourse } from './course.ts';
import { give, isBusyElsewhere } from './give-order.ts';
import type { Standing, Start } from './standing.ts';

/** Who downloads next: they cost nobody anything, so they run ahead of everything else. */
export function scheduleDownloads(
  standings: readonly Standing[],
  course: UpdateCourse,
  bearer: string | undefined,
): Start[] {
  const free =
    course.policy.downloadConcurrent -
    standings.filter(({ phase }) => phase === 'Downloading').length;
  const pending = standings.filter(
    ({ target, phase }) => phase === 'Pending' && !isBusyElsewhere(target),
  );
  // One of each platform goes first: a bad artifact is then known before any node is touched.
  const seen = new Set(
    standings.filter(({ phase }) => phase !== 'Pending').map(({ target }) => target.host?.platform),
  );
  const firsts = pending.filter(({ target }) => {
    const isFirst = !seen.has(target.host?.platform);
    seen.add(target.host?.platform);
    return isFirst;
  });
  const rest = pending.filter((standing) => !firsts.includes(standing));
  return [...firsts, ...rest].slice(0, Math.max(0, free)).map(({ target }) => ({
    target,
    phase: 'Downloading' as const,
    actions: give(target, 'stage', course, bearer),
  }));
}

/** Platforms of which nobody has staged the artifact yet. */
export function platformsNotVerified(standings: readonly Standing[]): string[] {
  const waiting = new Set<string>();
  const verified = new Set<string>();
  for (const { target, phase } of standings) {
    const platform = target.host?.platform;
    if (platform === undefined) continue;
    if (phase === 'Pending' || phase === 'Downloading') waiting.add(platform);
    else if (phase !== 'Failed' && phase !== 'Skipped') verified.add(platform);
  }
  return [...waiting].filter((platform) => !verified.has(platform));
}
