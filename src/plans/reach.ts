import { compareK0sVersions, type K0sVersion, parseK0sVersion } from '../api/k0s-version.ts';
import type { Command, PlanSpec, TargetSpec } from '../api/plan.ts';
import { discover } from '../targets/discovery.ts';
import type { PlanFacts } from './facts.ts';
import { targetsOf } from './progress.ts';
import { isUnderWay } from './run.ts';

/** What targets are looked for in. */
export type Machines = Pick<PlanFacts, 'nodes' | 'controlNodes'>;

/** What a Plan lays its hands on. */
export interface Reach {
  /** A controller is among its targets, so that nothing may run beside it. */
  readonly controllers: boolean;
  /**
   * By name, which a Node and a ControlNode of one machine share. Undefined: it cannot be told, and may be
   * any.
   */
  readonly machines: ReadonlySet<string> | undefined;
}

/** Of a run what it froze; of a Plan that has not begun, what it would freeze now. */
export function reachOf(
  { spec, status }: Pick<PlanFacts['plan'], 'spec' | 'status'>,
  world: Machines | undefined,
): Reach {
  if (isUnderWay(status)) {
    return {
      controllers: status.commands.some(({ k0supdate }) => !!k0supdate?.controllers?.length),
      machines: new Set(status.commands.flatMap(targetsOf).map(({ name }) => name)),
    };
  }
  return 'invalid' in spec ? { controllers: false, machines: new Set() } : wouldReach(spec, world);
}

function wouldReach(spec: PlanSpec, world: Machines | undefined): Reach {
  const machines = new Set<string>();
  let canTell = true;
  const find = (target: TargetSpec | undefined, among: keyof Machines): number => {
    const isStatic = target?.discovery.static !== undefined;
    if (target !== undefined && world === undefined && !isStatic) {
      canTell = false;
      return 1;
    }
    const found = discover(target, world?.[among].values() ?? []);
    // An invalid selector is refused as soon as it is the Plan's turn: it selects nothing.
    const names = found.kind === 'names' ? found.names : [];
    for (const name of names) machines.add(name);
    return names.length;
  };
  let controllers = 0;
  for (const { k0supdate, airgapupdate } of spec.commands) {
    controllers += find(k0supdate?.targets.controllers, 'controlNodes');
    find(k0supdate?.targets.workers, 'nodes');
    find(airgapupdate?.workers, 'nodes');
  }
  return { controllers: controllers > 0, machines: canTell ? machines : undefined };
}

/**
 * Whether two Plans may run side by side: of controllers never, so that S2 and S7 hold without arithmetic
 * across Plans.
 */
export function areDisjoint(a: Reach, b: Reach): boolean {
  if (a.controllers || b.controllers) return false;
  if (a.machines === undefined || b.machines === undefined) return false;
  const { machines } = b;
  return ![...a.machines].some((name) => machines.has(name));
}

/** The lowest and the highest version that commands bring; undefined where they bring none. */
export function versionsOf(
  commands: readonly Command[],
): { readonly lowest: K0sVersion; readonly highest: K0sVersion } | undefined {
  const versions = commands
    .map(({ k0supdate }) => parseK0sVersion(k0supdate?.version ?? ''))
    .filter((version) => version !== undefined)
    .toSorted(compareK0sVersions);
  const [lowest] = versions;
  const highest = versions.at(-1);
  return lowest === undefined || highest === undefined ? undefined : { lowest, highest };
}
