import { clip, type GateAnswer, listed } from './answer.ts';
import { HEALTHY, type Survey, type Trouble } from './workloads.ts';

/** What is kept of the survey of before the run. */
export type WorkloadsBaseline = Pick<Survey, 'takenAtMs' | 'troubled' | 'young'>;

/** No workload may be in more trouble than it was before; what was broken then may stay as broken. */
export function judgeWorkloads(now: Survey, before: WorkloadsBaseline): GateAnswer {
  const worse = [...now.troubled]
    .map(([key, trouble]) => ({ key, trouble, was: before.troubled.get(key) ?? HEALTHY }))
    .map((one) => ({ ...one, by: growth(one.trouble, one.was) }))
    .filter(({ by }) => by > 0)
    .sort((a, b) => b.by - a.by || (a.key < b.key ? -1 : 1));
  if (worse.length === 0) {
    return {
      outcome: 'pass',
      message: `none of ${now.total} workloads is worse than before the run`,
    };
  }
  const texts = worse.map(({ key, trouble, was }) => {
    const hint = now.hints.get(key);
    return `${key}: ${compared(trouble, was)}${hint === undefined ? '' : ` (${clip(hint, 160)})`}`;
  });
  return {
    outcome: 'fail',
    message: `${worse.length} of ${now.total} workloads are worse than before the run: ${listed(texts)}`,
  };
}

function growth(now: Trouble, was: Trouble): number {
  return (
    Math.max(0, now.missing - was.missing) +
    Math.max(0, now.crashing - was.crashing) +
    Math.max(0, now.pending - was.pending)
  );
}

const WORDS = {
  missing: ['replica not available', 'replicas not available'],
  crashing: ['pod crashing', 'pods crashing'],
  pending: ['pod not started', 'pods not started'],
} as const;

function compared(now: Trouble, was: Trouble): string {
  return (['missing', 'crashing', 'pending'] as const)
    .filter((kind) => now[kind] > was[kind])
    .map((kind) => `${now[kind]} ${WORDS[kind][now[kind] === 1 ? 0 : 1]} (${was[kind]} before)`)
    .join(', ');
}
