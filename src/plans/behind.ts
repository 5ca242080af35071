import type { CommandStatus, TargetStatus } from '../api/plan.ts';
import type { PlanFacts } from './facts.ts';
import type { Point } from './point.ts';
import { targetsOf } from './progress.ts';
import { isTaken } from './target.ts';

/** @returns whether something was taken away from a target, given back since or not */
export function wasTouched({ phase }: TargetStatus): boolean {
  return isTaken(phase) || phase === 'Committed' || phase === 'Undone';
}

/** @returns the targets that this run, and not one that it retries, has taken something away from */
export function touchedIn(
  targets: readonly TargetStatus[] | undefined,
  { plan }: Pick<PlanFacts, 'plan'>,
): TargetStatus[] {
  const sinceMs = Date.parse(plan.status?.startedAt ?? '') || 0;
  return (targets ?? []).filter(
    (target) => wasTouched(target) && Date.parse(target.lastUpdatedTimestamp) >= sinceMs,
  );
}

/**
 * Whether the run has gone past a point, which is never asked again: what has been begun behind it says so, and
 * outlives any leader. What stood there may be gone by now.
 */
export function isBehind(point: Point, command: CommandStatus, facts: PlanFacts): boolean {
  const { controllers, workers = [] } = command.k0supdate ?? {};
  const workersBegun = () => touchedIn(workers, facts).length > 0;
  const batchNow = command.batch?.number ?? 0;
  switch (point.kind) {
    case 'BeforeRun': {
      const commands = [...(facts.plan.status?.commands ?? []), command];
      return commands.some(({ k0supdate }) => {
        const all = [...(k0supdate?.controllers ?? []), ...(k0supdate?.workers ?? [])];
        return touchedIn(all, facts).length > 0;
      });
    }
    case 'BeforeControllers':
      return touchedIn(controllers, facts).length > 0;
    case 'AfterControllers':
    case 'BeforeWorkers':
      return workersBegun();
    case 'BeforeBatch': {
      const ofBatch = workers.filter(({ batch }) => batch === point.batch);
      return batchNow > point.batch || touchedIn(ofBatch, facts).length > 0;
    }
    case 'AfterBatch':
      return batchNow > point.batch;
    case 'BeforeNode': {
      const target = targetNamed(point.name, command);
      return target !== undefined && touchedIn([target], facts).length > 0;
    }
    case 'AfterNode': {
      if (point.role === 'controller') return workersBegun();
      const batch = targetNamed(point.name, command)?.batch;
      return batch !== undefined && batch < batchNow;
    }
    case 'AfterRun':
      return false;
  }
}

const byName = new WeakMap<CommandStatus, ReadonlyMap<string, TargetStatus>>();

/** Points of nodes are asked for each of them, and each of them is looked for. */
export function targetNamed(name: string, command: CommandStatus): TargetStatus | undefined {
  let targets = byName.get(command);
  if (targets === undefined) {
    targets = new Map(targetsOf(command).map((target) => [target.name, target]));
    byName.set(command, targets);
  }
  return targets.get(name);
}
