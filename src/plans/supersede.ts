import { compareK0sVersions, minorsBetween, parseK0sVersion } from '../api/k0s-version.ts';
import type { PlanSpec } from '../api/plan.ts';
import { mergePolicies } from '../api/policy-merge.ts';
import type { LaterPlan, PlanFacts } from './facts.ts';
import { preflight, type Refusal, runningVersion } from './preflight.ts';
import { reachOf } from './reach.ts';
import type { Target } from './target.ts';

/**
 * Whether a later Plan takes the place of one whose turn has come: where a policy asks for that, and the later
 * one brings a later patch of the same minor version to all of its targets, and could begin as things stand.
 */
export function supersededBy(spec: PlanSpec, facts: PlanFacts): Refusal | undefined {
  const later = facts.others.later.find((one) => takesPlace(one, spec, facts));
  if (later === undefined) return undefined;
  const version = later.spec?.commands[0]?.k0supdate?.version;
  return {
    state: 'ApplyFailed',
    reason: 'Superseded',
    message: `Plan ${later.name}, which was applied later, brings ${version} to all of its targets`,
  };
}

function takesPlace({ spec: its }: LaterPlan, spec: PlanSpec, facts: PlanFacts): boolean {
  if (its === undefined) return false;
  const { supersede } = mergePolicies(facts.policy.layer, its.policy ?? {});
  const mine = spec.commands[0]?.k0supdate;
  const theirs = its.commands[0]?.k0supdate;
  if (supersede !== 'Waiting' || spec.commands.length !== 1 || its.commands.length !== 1) {
    return false;
  }
  if (mine === undefined || theirs === undefined || mine.forceupdate === true) return false;
  const from = parseK0sVersion(mine.version);
  const to = parseK0sVersion(theirs.version);
  if (from === undefined || to === undefined) return false;
  // A minor version may be a step that cannot be left out.
  if (minorsBetween(from, to) !== 0 || compareK0sVersions(to, from) <= 0) return false;
  const own = reachOf({ spec, status: undefined }, facts).machines;
  const covered = reachOf({ spec: its, status: undefined }, facts).machines;
  if (own === undefined || ![...own].every((name) => covered?.has(name))) return false;
  return preflight(its, facts).refusals.length === 0;
}

/** Names a later Plan that has brought a target a newer version than the one that is wanted of it now. */
export function overtakenBy(
  target: Target,
  wanted: Parameters<typeof compareK0sVersions>[0],
  later: readonly LaterPlan[],
): string | undefined {
  const runs = target.host && parseK0sVersion(runningVersion(target.host) ?? '');
  if (runs === undefined || compareK0sVersions(runs, wanted) <= 0) return undefined;
  const by = later.find(({ brought }) => {
    const version = brought.get(target.name);
    return version !== undefined && compareK0sVersions(version, runs) === 0;
  });
  if (by !== undefined) return `Plan ${by.name}, which was applied later, has brought ${runs.text}`;
  const before = parseK0sVersion(target.status.previousVersion ?? '');
  return before !== undefined && compareK0sVersions(runs, before) > 0
    ? `${runs.text} has been brought since this run began`
    : undefined;
}
