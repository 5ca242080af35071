import type { CommandStatus } from '../api/plan.ts';
import { type GateTerms, gateTerms } from '../api/policy-gates.ts';
import type { UpdateCourse } from './course.ts';
import type { PlanFacts } from './facts.ts';
import { advise } from './job-words.ts';
import { standingOf } from './jobs.ts';
import { closed, OPEN, type Passage, type Point, pointText, together } from './point.ts';

/** Gates that are Jobs: one that fails is begun anew after the interval, up to the threshold of the gate. */
export function jobGatePassage(
  point: Point,
  course: UpdateCourse,
  facts: PlanFacts,
  command: CommandStatus,
): Passage {
  const when = whenOf(point);
  if (when === undefined) return OPEN;
  return together(
    course.policy.gates.flatMap((gate) => {
      const terms = gateTerms(gate);
      return gate.job === undefined || !terms.when.includes(when)
        ? []
        : [judge(terms, gate.job, point, course, facts, command)];
    }),
  );
}

function whenOf({ kind }: Point): 'AfterNode' | 'AfterBatch' | undefined {
  if (kind === 'AfterNode') return kind;
  return kind === 'AfterBatch' || kind === 'AfterControllers' ? 'AfterBatch' : undefined;
}

function judge(
  { name, intervalMs, timeoutMs, failureThreshold }: GateTerms,
  spec: Readonly<Record<string, unknown>>,
  point: Point,
  course: UpdateCourse,
  facts: PlanFacts,
  command: CommandStatus,
): Passage {
  const what = `gate ${name} at ${pointText(point)}`;
  for (let attempt = 1; ; attempt++) {
    const wanted = { kind: 'gate', name, attempt, spec, timeoutMs } as const;
    const standing = standingOf(wanted, point, course, facts, command);
    switch (standing.kind) {
      case 'succeeded':
        return OPEN;
      case 'absent':
        return closed('WaitsForGate', `${what} is begun`, { actions: [standing.begin] });
      case 'running':
        return closed('WaitsForGate', `${what} runs: ${advise(standing.jobName)}`, {
          untilMs: standing.untilMs,
          actions: standing.again,
        });
      case 'failed': {
        const said = `${standing.message} (${advise(standing.jobName)})`;
        if (attempt >= failureThreshold) {
          const times = attempt === 1 ? 'once' : `${attempt} times`;
          const message = `${what} failed ${times}: ${said}`;
          return { kind: 'failed', reason: 'GateFailed', message };
        }
        const untilMs = standing.endedAtMs + intervalMs;
        if (course.nowMs < untilMs) {
          const message = `${what} failed (${attempt} of ${failureThreshold}): ${said}`;
          return closed('WaitsForGate', message, { untilMs });
        }
      }
    }
  }
}
