import type { Paint } from '../../src/cli/print-paint.ts';
import type { Chronicle, HostStory } from '../../test/support/observe/chronicle.ts';
import type { Availability } from '../../test/support/observe/prober.ts';
import { seconds } from './seconds.ts';
import { percent } from './table.ts';

/** One thing that had to be so. */
export interface Check {
  readonly what: string;
  readonly ok: boolean;
  /** What was found, where it was not so. */
  readonly found?: string;
}

export interface RunFacts {
  readonly plan: string;
  readonly version: string;
  readonly state: string;
  readonly elapsedMs: number;
  readonly lowestReadyReplicas: number;
  readonly hosts: readonly HostStory[];
}

export interface Summary {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly update: RunFacts;
  readonly broken: RunFacts & { readonly fault: string };
  readonly api: Availability;
}

export function runFacts(
  plan: string,
  version: string,
  state: string,
  chronicle: Chronicle,
): RunFacts {
  return {
    plan,
    version,
    state,
    elapsedMs: Math.round(chronicle.elapsedMs),
    lowestReadyReplicas: chronicle.lowestReadyReplicas,
    hosts: chronicle.stories(),
  };
}

/** For people. */
export function summaryLines(summary: Summary, paint: Paint): readonly string[] {
  const { update, broken, api } = summary;
  const row = (name: string, text: string) => `  ${name.padEnd(22)}${text}`;
  return [
    paint.strong('What was measured'),
    row('update of all nodes', seconds(update.elapsedMs)),
    ...update.hosts.map(({ name, touchedMs, gapMs }) =>
      row(
        `  ${name}`,
        `${touchedMs === undefined ? '-' : seconds(touchedMs)}${
          gapMs === undefined ? '' : `, without a k0s process for ${seconds(gapMs)}`
        }`,
      ),
    ),
    row(
      'broken release',
      `${broken.fault === 'late' ? 'put back everywhere' : 'ordered, caught and undone'} in ${seconds(broken.elapsedMs)}`,
    ),
    row(
      'lowest ready replicas',
      `${Math.min(update.lowestReadyReplicas, broken.lowestReadyReplicas)}`,
    ),
    row(
      'API availability',
      `${percent(api.answered, api.asked)} of ${api.asked} requests; longest time without an answer ${seconds(api.longestGapMs)}`,
    ),
    '',
    paint.strong('What had to be so'),
    ...summary.checks.map(({ what, ok, found }) =>
      ok ? `  ${paint.good('✔')} ${what}` : `  ${paint.bad('✖')} ${what}: ${found ?? 'it was not'}`,
    ),
  ];
}
