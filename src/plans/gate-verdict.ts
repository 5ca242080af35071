import type { CommandStatus } from '../api/plan.ts';
import { type GateTerms, gateTerms } from '../api/policy-gates.ts';
import type { Reason } from '../api/reasons.ts';
import { WORKLOADS_GATE } from '../gates/gate-flaws.ts';
import { touchedIn } from './behind.ts';
import type { UpdateCourse } from './course.ts';
import type { GateFacts, PlanFacts } from './facts.ts';
import { closed, OPEN, type Passage, type Point, together } from './point.ts';
import { seconds } from './step.ts';

/** From when on a gate has to be passed. Epoch milliseconds, from what is stored: every leader judges the same. */
interface Moment {
  /** Only what was asked then or later is an answer. */
  readonly sinceMs: number;
  /** When the time begins that it may take. */
  readonly countsFromMs: number;
}

/** What has to be passed after nodes, batches and controllers, but for Jobs. */
export function gatePassage(
  point: Point,
  course: UpdateCourse,
  facts: PlanFacts,
  command: CommandStatus,
): Passage {
  const moment = momentOf(point, course, command);
  if (moment === undefined) return OPEN;
  const when = point.kind === 'AfterNode' ? 'AfterNode' : 'AfterBatch';
  const { policy } = course;
  const asked = policy.gates
    .filter(({ job }) => job === undefined)
    .map(gateTerms)
    .filter((terms) => terms.when.includes(when))
    .map((terms) => verdict(terms, moment, course, facts));
  const workloads =
    when === 'AfterBatch' && policy.workloads === 'Gate'
      ? [workloadsVerdict(moment, course, facts)]
      : [];
  return together([...asked, ...workloads]);
}

/**
 * Gates that hold from the first touch of a node on, whatever the run is at: one that says no ends it, and one
 * that says nothing lets nothing new be begun.
 */
export function alwaysPassage(
  course: UpdateCourse,
  facts: PlanFacts,
  command: CommandStatus,
): Passage {
  const gates = course.policy.gates
    .filter(({ job }) => job === undefined)
    .map(gateTerms)
    .filter(({ when }) => when.includes('Always'));
  if (gates.length === 0) return OPEN;
  const { controllers = [], workers = [] } = command.k0supdate ?? {};
  const touched = touchedIn([...controllers, ...workers], facts);
  if (touched.length === 0) return OPEN;
  const firstMs = Math.min(...touched.map((one) => Date.parse(one.lastUpdatedTimestamp)));
  return together(
    gates.map((terms) => {
      const found = facts.gates.get(terms.name);
      // An answer that is never renewed is none any more.
      const sinceMs = course.nowMs - terms.timeoutMs;
      // It may have been silent for a moment at any time since.
      const silentMs = found?.outcome === 'unknown' ? found.sinceMs : (found?.atMs ?? firstMs);
      const moment = { sinceMs, countsFromMs: Math.max(firstMs, silentMs) };
      return verdict(terms, moment, course, facts);
    }),
  );
}

/** The moment after which a point stands, where gates are asked there. */
export function momentOf(
  point: Point,
  { nowMs, policy }: UpdateCourse,
  command: CommandStatus,
): Moment | undefined {
  switch (point.kind) {
    case 'AfterNode':
      return { sinceMs: point.committedAtMs, countsFromMs: point.committedAtMs };
    case 'AfterBatch': {
      const { settledAtMs } = point;
      return { sinceMs: settledAtMs, countsFromMs: settledAtMs + policy.soakMs };
    }
    case 'AfterControllers': {
      const times = (command.k0supdate?.controllers ?? []).map(({ phase, lastUpdatedTimestamp }) =>
        // The last one came to its end in this very look.
        phase === 'Committing' ? nowMs : Date.parse(lastUpdatedTimestamp),
      );
      if (times.length === 0) return undefined;
      const lastMs = Math.max(...times);
      return { sinceMs: lastMs, countsFromMs: lastMs };
    }
    default:
      return undefined;
  }
}

function verdict(
  terms: GateTerms,
  moment: Moment,
  course: UpdateCourse,
  { gates }: PlanFacts,
): Passage {
  const { name, failureThreshold } = terms;
  const answer = answerSince(gates.get(name), moment);
  if (answer === undefined) return unanswered(terms, undefined, moment, course);
  if (answer.outcome === 'pass') return OPEN;
  const refusals = answer.outcome === 'fail' ? failuresSince(answer, moment, terms) : 0;
  const silences =
    answer.outcome === 'unknown' && terms.onUnknown === 'Fail'
      ? answer.failures + askedSince(answer, moment, terms)
      : 0;
  const times = Math.max(refusals, silences);
  if (times >= failureThreshold) {
    return failed('GateFailed', `gate ${name} said no ${counted(times)}: ${answer.message}`);
  }
  if (answer.outcome === 'unknown') return unanswered(terms, answer, moment, course);
  const untilMs = moment.countsFromMs + terms.timeoutMs;
  if (course.nowMs >= untilMs) {
    return failed(
      'GateFailed',
      `gate ${name} was not passed within ${seconds(terms.timeoutMs)}: ${answer.message}`,
    );
  }
  const message = `gate ${name} says no (${times} of ${failureThreshold}): ${answer.message}`;
  return closed('WaitsForGate', message, { untilMs });
}

/** Pods that moved need their time to be ready again: what is worse counts only once that is over. */
function workloadsVerdict(moment: Moment, course: UpdateCourse, { gates }: PlanFacts): Passage {
  const timeoutMs = course.policy.workloadsTimeoutMs;
  const answer = answerSince(gates.get(WORKLOADS_GATE), moment);
  if (answer === undefined || answer.outcome === 'unknown') {
    return unanswered({ name: WORKLOADS_GATE, timeoutMs }, answer, moment, course);
  }
  if (answer.outcome === 'pass') return OPEN;
  const untilMs = moment.sinceMs + timeoutMs;
  if (course.nowMs >= untilMs) {
    return failed(
      'WorkloadsWorse',
      `workloads are worse than before the run, and were not mended within ${seconds(timeoutMs)}: ${answer.message}`,
    );
  }
  const message = `workloads are not yet as before the run: ${answer.message}`;
  return closed('WaitsForGate', message, { untilMs });
}

/** Not asked yet, or asked in vain: never a pass, and not for ever. */
function unanswered(
  { name, timeoutMs }: Pick<GateTerms, 'name' | 'timeoutMs'>,
  answer: GateFacts | undefined,
  { countsFromMs }: Moment,
  { nowMs, sightedSinceMs }: UpdateCourse,
): Passage {
  // While nobody led, or saw anything, nobody asked.
  const untilMs = Math.max(countsFromMs, sightedSinceMs) + timeoutMs;
  const what = answer === undefined ? 'not asked since it has to be passed' : answer.message;
  if (nowMs >= untilMs) {
    return failed(
      'GateFailed',
      `gate ${name} could not be asked within ${seconds(timeoutMs)}: ${what}`,
    );
  }
  return answer === undefined
    ? closed('WaitsForGate', `gate ${name} is being asked`, { untilMs })
    : closed('GateUnknown', `gate ${name} cannot be asked: ${what}`, { untilMs });
}

function answerSince(found: GateFacts | undefined, { sinceMs }: Moment): GateFacts | undefined {
  return found !== undefined && found.atMs >= sinceMs ? found : undefined;
}

/** Of a row of refusals that began before the moment, those that can have come after it. */
function failuresSince(answer: GateFacts, moment: Moment, terms: GateTerms): number {
  return answer.sinceMs >= moment.sinceMs
    ? answer.failures
    : Math.min(answer.failures, askedSince(answer, moment, terms));
}

/** How often it can have been asked while its answers came to the same. */
function askedSince(answer: GateFacts, moment: Moment, { intervalMs }: GateTerms): number {
  const sinceMs = Math.max(answer.sinceMs, moment.sinceMs);
  return 1 + Math.floor((answer.atMs - sinceMs) / Math.max(1, intervalMs));
}

function counted(times: number): string {
  return times === 1 ? 'once' : `${times} times in a row`;
}

function failed(reason: Reason, message: string): Passage {
  return { kind: 'failed', reason, message };
}
