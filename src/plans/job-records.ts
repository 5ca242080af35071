import type { CommandStatus, JobRecord } from '../api/plan.ts';
import type { Action, PlanFacts } from './facts.ts';

const LONGEST = 1_000;

/**
 * What is written down of the Jobs of a command: that one was begun, before it is, so that it has a deadline
 * whatever becomes of it; and what it ended with, since its object may be gone before the run is.
 * @param actions what is about to be done
 */
export function jobRecords(
  { jobs = [] }: CommandStatus,
  actions: readonly Action[],
  facts: PlanFacts,
): JobRecord[] {
  const now = new Date(facts.nowMs).toISOString();
  const known = new Set(jobs.map(({ name }) => name));
  const begun = actions.flatMap((action) =>
    action.kind === 'job' && !known.has(action.name)
      ? [{ name: action.name, of: action.of, startedAt: now }]
      : [],
  );
  return [...jobs, ...begun].map((record) => withResult(record, facts, now));
}

function withResult(record: JobRecord, { jobs }: PlanFacts, now: string): JobRecord {
  const found = jobs.get(record.name);
  if (record.result !== undefined || found === undefined || found.state === 'Running') {
    return record;
  }
  const ended = { ...record, endedAt: now, result: found.state };
  return found.state === 'Succeeded'
    ? ended
    : { ...ended, message: found.message.slice(0, LONGEST) };
}
