import { compareK0sVersions, parseK0sVersion } from '../api/k0s-version.ts';
import type { PlanStatus } from '../api/plan.ts';
import { byName } from '../targets/order.ts';
import type { PlanFacts } from './facts.ts';
import { nameList } from './name-list.ts';
import { preflight, runningVersion } from './preflight.ts';
import { targetsOf } from './progress.ts';

/** What a run did not do, and whoever reads of its end must know: sentences to be put behind it; possibly none. */
export function meanwhile(facts: PlanFacts, status: PlanStatus): string {
  const { frozenSpec } = status;
  if (frozenSpec === undefined) return '';
  const late = newcomers(facts, status);
  const further = broughtFurther(facts, status);
  return [
    late.length > 0 &&
      `. ${nameList(late)} came after the run began and ${late.length === 1 ? 'was' : 'were'} left alone: a new spec.id takes them in`,
    ...[...further].map(
      ([version, some]) =>
        `. By now ${nameList(some)} ${some.length === 1 ? 'runs' : 'run'} ${version}`,
    ),
  ]
    .filter((one) => one !== false)
    .join('');
}

/** Machines that match the selectors and were not there when the targets were frozen. */
function newcomers(facts: PlanFacts, { frozenSpec, commands }: PlanStatus): string[] {
  const frozen = new Set((commands ?? []).flatMap(targetsOf).map(({ name }) => name));
  const found = preflight(frozenSpec!, facts).commands.flatMap(({ controllers, workers }) => [
    ...controllers,
    ...workers,
  ]);
  return [...new Set(found)].filter((name) => !frozen.has(name)).sort(byName);
}

/** Targets that this run has updated, and that another Plan has brought further before its end; by version. */
function broughtFurther(
  { nodes, controlNodes }: PlanFacts,
  { frozenSpec, commands }: PlanStatus,
): Map<string, string[]> {
  const last = new Map<string, string>();
  for (const { id, k0supdate } of commands ?? []) {
    const version = frozenSpec!.commands[id]?.k0supdate?.version;
    if (version === undefined) continue;
    for (const { name, phase } of [
      ...(k0supdate?.controllers ?? []),
      ...(k0supdate?.workers ?? []),
    ]) {
      if (phase === 'Committed') last.set(name, version);
    }
  }
  const further = new Map<string, string[]>();
  for (const [name, brought] of last) {
    const host = controlNodes.get(name) ?? nodes.get(name);
    const runs = host && parseK0sVersion(runningVersion(host) ?? '');
    const wanted = parseK0sVersion(brought);
    if (runs === undefined || wanted === undefined || compareK0sVersions(runs, wanted) <= 0)
      continue;
    further.set(runs.text, [...(further.get(runs.text) ?? []), name]);
  }
  return further;
}
