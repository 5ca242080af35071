import assert from 'node:assert/strict';
import type { CommandStatus, TargetStatus } from '../../src/api/plan.ts';
import type { PolicyLayer } from '../../src/api/policy.ts';
import type { UpdateCourse } from '../../src/plans/course.ts';
import type { GateFacts, JobFacts, PlanFacts } from '../../src/plans/facts.ts';
import { plotCourse } from '../../src/plans/plot-course.ts';
import type { RunningStatus } from '../../src/plans/run.ts';
import { viewTargets } from '../../src/plans/target.ts';
import { aControlNode, aNode, anUpdate, aPolicy, aSpec, START_MS, someFacts } from './builders.ts';
import { begun } from './scene.ts';

/** A run of two controllers and three workers that has come to a point. */
export interface PointScene {
  readonly policy?: PolicyLayer;
  /** After the run has begun. */
  readonly afterMs?: number;
  readonly sightedSinceMs?: number;
  readonly gates?: Readonly<Record<string, Partial<GateFacts>>>;
  readonly jobs?: Readonly<Record<string, JobFacts>>;
  readonly command?: Partial<CommandStatus>;
  /** What status says of its targets. */
  readonly told?: Readonly<Record<string, Partial<TargetStatus>>>;
}

export interface AtPoint {
  readonly course: UpdateCourse;
  readonly facts: PlanFacts;
  readonly command: CommandStatus;
}

export function atPoint(scene: PointScene = {}): AtPoint {
  const spec = aSpec(anUpdate({ controllers: '', workers: '' }));
  const world = {
    policy: aPolicy(scene.policy ?? {}),
    controlNodes: ['cp-1', 'cp-2'].map((name) => aControlNode(name)),
    nodes: ['w-1', 'w-2', 'w-3'].map((name) => aNode(name)),
  };
  const fresh = begun(someFacts(spec, world)) as RunningStatus;
  const [first] = fresh.commands;
  const tell = (targets: readonly TargetStatus[] = []) =>
    targets.map((one) => ({ ...one, ...scene.told?.[one.name] }));
  const command: CommandStatus = {
    ...first!,
    k0supdate: {
      controllers: tell(first!.k0supdate?.controllers),
      workers: tell(first!.k0supdate?.workers),
    },
    ...scene.command,
  };
  const status: RunningStatus = { ...fresh, commands: [command] };
  const nowMs = START_MS + (scene.afterMs ?? 0);
  const facts = someFacts(spec, {
    ...world,
    nowMs,
    sightedSinceMs: scene.sightedSinceMs ?? 0,
    gates: new Map(
      Object.entries(scene.gates ?? {}).map(([name, over]) => [name, anAnswer(nowMs, over)]),
    ),
    jobs: new Map(Object.entries(scene.jobs ?? {})),
    plan: { status },
  });
  const course = plotCourse(facts, status, command, viewTargets(facts, status, command));
  assert.equal(course?.kind, 'k0s');
  return { course, facts, command };
}

function anAnswer(atMs: number, over: Partial<GateFacts>): GateFacts {
  return { outcome: 'pass', message: 'as wanted', atMs, sinceMs: atMs, failures: 0, ...over };
}

/** At its end in this run, after so many milliseconds of it. */
export function committed(afterMs = 0): Partial<TargetStatus> {
  return {
    phase: 'Committed',
    state: 'SignalCompleted',
    lastUpdatedTimestamp: new Date(START_MS + afterMs).toISOString(),
  };
}
