import { durationMs } from '../api/duration.ts';
import type { CommandStatus } from '../api/plan.ts';
import { HOOK_TIMEOUT, type HookSpec } from '../api/policy-hooks.ts';
import type { UpdateCourse } from './course.ts';
import type { PlanFacts } from './facts.ts';
import { advise } from './job-words.ts';
import { standingOf } from './jobs.ts';
import { closed, inTurn, OPEN, type Passage, type Point, pointText } from './point.ts';

/** The Jobs of the hooks of a point, one after the other as the policy lists them. */
export function hookPassage(
  point: Point,
  course: UpdateCourse,
  facts: PlanFacts,
  command: CommandStatus,
): Passage {
  const hooks = course.policy.hooks.filter(({ when }) => when.some((one) => one === point.kind));
  return inTurn(hooks.map((hook) => judge(hook, point, course, facts, command)));
}

function judge(
  { name, job, timeout }: HookSpec,
  point: Point,
  course: UpdateCourse,
  facts: PlanFacts,
  command: CommandStatus,
): Passage {
  const timeoutMs = durationMs(timeout ?? HOOK_TIMEOUT);
  const wanted = { kind: 'hook', name, attempt: 1, spec: job, timeoutMs } as const;
  const standing = standingOf(wanted, point, course, facts, command);
  const what = `hook ${name} at ${pointText(point)}`;
  switch (standing.kind) {
    case 'succeeded':
      return OPEN;
    case 'absent':
      return closed('WaitsForHook', `${what} is begun`, { actions: [standing.begin] });
    case 'running':
      return closed('WaitsForHook', `${what} runs: ${advise(standing.jobName)}`, {
        untilMs: standing.untilMs,
        actions: standing.again,
      });
    case 'failed': {
      const message = `${what} failed: ${standing.message} (${advise(standing.jobName)})`;
      return { kind: 'failed', reason: 'HookFailed', message };
    }
  }
}
