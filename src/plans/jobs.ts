import type { CommandStatus, JobRecord } from '../api/plan.ts';
import type { UpdateCourse } from './course.ts';
import type { Action, PlanFacts } from './facts.ts';
import { jobManifest, jobName } from './job-manifest.ts';
import { type Point, pointText } from './point.ts';

/** One Job that a run wants to have succeeded at a point. */
export interface WantedJob {
  readonly kind: 'hook' | 'gate';
  /** Of the hook or gate. */
  readonly name: string;
  /** The first is 1. */
  readonly attempt: number;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
}

/** Where a Job stands, from what is stored of it and from the world. Epoch milliseconds. */
export type JobStanding =
  | { readonly kind: 'absent'; readonly begin: Action }
  /** @property again it was begun and is not there: by itself that changes nothing, so it is begun again */
  | {
      readonly kind: 'running';
      readonly jobName: string;
      readonly untilMs: number;
      readonly again: readonly Action[];
    }
  | { readonly kind: 'succeeded' }
  | {
      readonly kind: 'failed';
      readonly jobName: string;
      readonly message: string;
      readonly endedAtMs: number;
    };

/** A Job ends itself at its deadline; this is for one that cannot, such as one that was suspended. */
const GRACE_MS = 30_000;

export function standingOf(
  wanted: WantedJob,
  point: Point,
  course: UpdateCourse,
  facts: PlanFacts,
  command: CommandStatus,
): JobStanding {
  const name = nameOf(wanted, point, course);
  const record = recordOf(name, facts, command);
  const endedAtMs = Date.parse(record?.endedAt ?? '') || course.nowMs;
  if (record?.result === 'Succeeded') return { kind: 'succeeded' };
  if (record?.result === 'Failed') {
    return { kind: 'failed', jobName: name, message: record.message ?? 'it failed', endedAtMs };
  }
  const found = facts.jobs.get(name);
  if (found?.state === 'Succeeded') return { kind: 'succeeded' };
  if (found?.state === 'Failed') {
    return { kind: 'failed', jobName: name, message: found.message, endedAtMs };
  }
  const begin: Action = {
    kind: 'job',
    name,
    of: `${wanted.kind} ${wanted.name} at ${pointText(point)}`,
    manifest: manifestOf(name, wanted, point, course, command),
  };
  if (record === undefined && found === undefined) return { kind: 'absent', begin };
  // While nobody could see it end, it is not overdue.
  const startedMs = Math.max(Date.parse(record?.startedAt ?? '') || 0, course.sightedSinceMs);
  const untilMs = startedMs + wanted.timeoutMs + GRACE_MS;
  if (course.nowMs >= untilMs) {
    const message = `it did not end within ${wanted.timeoutMs / 1000}s`;
    return { kind: 'failed', jobName: name, message, endedAtMs };
  }
  // Somebody deleted it, or it was written down by a leader that died before it could begin it.
  const again = found === undefined ? [begin] : [];
  return { kind: 'running', jobName: name, untilMs, again };
}

/** @returns whether the name and not the command makes it one: what stands around the whole run is done once */
function isOfRun({ kind }: Point): boolean {
  return kind === 'BeforeRun' || kind === 'AfterRun';
}

function nameOf({ kind, name, attempt }: WantedJob, point: Point, course: UpdateCourse): string {
  return jobName(
    name,
    kind,
    course.plan.uid,
    course.runID,
    isOfRun(point) ? '' : `${course.command}`,
    pointText(point),
    'orderId' in point ? point.orderId : '',
    `${attempt}`,
  );
}

const byName = new WeakMap<readonly JobRecord[], ReadonlyMap<string, JobRecord>>();

function recordOf(
  name: string,
  { plan }: PlanFacts,
  command: CommandStatus,
): JobRecord | undefined {
  for (const { jobs = [] } of [command, ...(plan.status?.commands ?? [])]) {
    let records = byName.get(jobs);
    if (records === undefined) {
      records = new Map(jobs.map((record) => [record.name, record]));
      byName.set(jobs, records);
    }
    const found = records.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function manifestOf(
  name: string,
  { name: hook, spec, timeoutMs }: WantedJob,
  point: Point,
  course: UpdateCourse,
  command: CommandStatus,
) {
  const node = 'name' in point ? point.name : undefined;
  return jobManifest(name, hook, spec, timeoutMs, {
    plan: course.plan.name,
    runID: course.runID,
    point: point.kind,
    node,
    batch: 'batch' in point ? point.batch : batchOf(node, command),
    version: course.version,
  });
}

/** Of a worker that is next: it joins the batch under way, or is the first of another one. */
function batchOf(node: string | undefined, { k0supdate, batch }: CommandStatus) {
  const worker = k0supdate?.workers?.find(({ name }) => name === node);
  if (worker === undefined) return undefined;
  const isOpen = batch !== undefined && batch.settledAt === undefined;
  return worker.batch ?? (isOpen ? batch.number : (batch?.number ?? 0) + 1);
}
