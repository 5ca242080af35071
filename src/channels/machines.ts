import { compareK0sVersions, type K0sVersion, parseK0sVersion } from '../api/k0s-version.ts';
import type { Role } from '../api/plan.ts';
import type { CommandTemplate } from '../api/update-config.ts';
import type { ControlNodeFacts, NodeFacts } from '../plans/facts.ts';
import { nodesOfControllers } from '../plans/hybrid.ts';
import { leftOut } from '../plans/left-out.ts';
import { discover } from '../targets/discovery.ts';

/** One machine of the cluster, as far as a channel is concerned. */
export interface Machine {
  readonly name: string;
  readonly role: Role;
  readonly platform: string | undefined;
  /** Undefined: nobody has told yet. */
  readonly version: K0sVersion | undefined;
}

export interface World {
  readonly nodes: ReadonlyMap<string, NodeFacts>;
  readonly controlNodes: ReadonlyMap<string, ControlNodeFacts>;
}

/** What runs on the machines that the Plans of an UpdateConfig would be about. */
export interface Running {
  /** Every machine of the cluster: of a controller that is a worker as well, the controller. */
  readonly all: readonly Machine[];
  /** The targets whose version is known, those that their own annotations leave out apart. */
  readonly targets: readonly Machine[];
  readonly lowest: K0sVersion | undefined;
  readonly highest: K0sVersion | undefined;
  /** The oldest controller of the cluster, whatever the targets are. */
  readonly lowestController: K0sVersion | undefined;
  readonly hasControllers: boolean;
  /** Platforms for which a binary, or a bundle, is needed. */
  readonly binaryPlatforms: ReadonlySet<string>;
  readonly bundlePlatforms: ReadonlySet<string>;
}

const EVERYTHING: readonly CommandTemplate[] = [
  {
    k0supdate: {
      targets: {
        controllers: { discovery: { selector: {} }, limits: { concurrent: 1 } },
        workers: { discovery: { selector: {} }, limits: { concurrent: 1 } },
      },
    },
  },
];

/** What k0s does where an UpdateConfig names no commands: everything, one machine at a time. */
export function templatesOf(
  commands: readonly CommandTemplate[] | undefined,
): readonly CommandTemplate[] {
  return commands === undefined || commands.length === 0 ? EVERYTHING : commands;
}

export function runningOf(
  commands: readonly CommandTemplate[] | undefined,
  world: World,
  nowMs: number,
): Running {
  const controllers = [...world.controlNodes.values()].map(controllerOf);
  const ofControllers = nodesOfControllers(world.controlNodes.values(), world.nodes.values());
  const workers = [...world.nodes.values()]
    .filter(({ name }) => !ofControllers.has(name))
    .map(workerOf);
  const all = [...controllers, ...workers];
  const targets = new Map<string, Machine>();
  const binaryPlatforms = new Set<string>();
  const bundlePlatforms = new Set<string>();
  for (const { k0supdate, airgapupdate } of templatesOf(commands)) {
    const named = [
      ...found(k0supdate?.targets.controllers, controllers, world.controlNodes),
      ...found(k0supdate?.targets.workers, workers, world.nodes),
    ];
    for (const machine of named) {
      const host = world.controlNodes.get(machine.name) ?? world.nodes.get(machine.name);
      // A machine that its own annotation keeps where it is says nothing about what is to be taken next.
      if (leftOut(host, undefined, nowMs) !== undefined || isPinned(host, nowMs)) continue;
      targets.set(`${machine.role}/${machine.name}`, machine);
      if (machine.platform !== undefined) binaryPlatforms.add(machine.platform);
    }
    for (const { platform } of found(airgapupdate?.workers, [...workers], world.nodes)) {
      if (platform !== undefined) bundlePlatforms.add(platform);
    }
  }
  const known = [...targets.values()].filter(({ version }) => version !== undefined);
  return {
    all,
    targets: known,
    lowest: extreme(known, -1),
    highest: extreme(known, 1),
    lowestController: extreme(controllers, -1),
    hasControllers: known.some(({ role }) => role === 'controller'),
    binaryPlatforms,
    bundlePlatforms,
  };
}

/** A selector that cannot be read selects nothing; the Plan is refused for it by name. */
function found(
  target: Parameters<typeof discover>[0],
  machines: readonly Machine[],
  objects: ReadonlyMap<string, { readonly name: string; readonly labels: NodeFacts['labels'] }>,
): Machine[] {
  const discovered = discover(target, objects.values());
  if (discovered.kind === 'invalid') return [];
  const names = new Set(discovered.names);
  return machines.filter(({ name }) => names.has(name));
}

function isPinned(host: Pick<NodeFacts, 'exemptions'> | undefined, nowMs: number): boolean {
  return (host?.exemptions ?? []).some(
    (one) => one.kind === 'pin' && (one.untilMs === undefined || nowMs < one.untilMs),
  );
}

function controllerOf({ name, platform, report, k0sVersion }: ControlNodeFacts): Machine {
  const told = report.kind === 'valid' ? report.value.host.k0sVersion : undefined;
  return { name, role: 'controller', platform, version: parse(told ?? k0sVersion) };
}

/** A kubelet leaves the build number out, so that only the agent knows. */
function workerOf({ name, platform, report }: NodeFacts): Machine {
  const told = report.kind === 'valid' ? report.value.host.k0sVersion : undefined;
  return { name, role: 'worker', platform, version: parse(told) };
}

function parse(text: string | undefined): K0sVersion | undefined {
  return text === undefined ? undefined : parseK0sVersion(text);
}

function extreme(machines: readonly Machine[], sign: 1 | -1): K0sVersion | undefined {
  let found: K0sVersion | undefined;
  for (const { version } of machines) {
    if (version === undefined) continue;
    if (found === undefined || compareK0sVersions(version, found) * sign > 0) found = version;
  }
  return found;
}
