import type { Condition } from '../api/meta.ts';
import type {
  CommandStatus,
  PlanSpec,
  PlanState,
  PlanStatus,
  Role,
  TargetState,
  TargetStatus,
} from '../api/plan.ts';
import { isTerminalState } from '../api/plan.ts';
import { describeFlaws } from '../api/policy-flaws.ts';
import { frozenPart } from '../api/policy-merge.ts';
import type { Reason } from '../api/reasons.ts';
import { lastRun, originHold } from './adopted.ts';
import { isCordonedByOthers } from './availability.ts';
import { withCondition } from './conditions.ts';
import type { PlanFacts } from './facts.ts';
import { type Hold, holdOf } from './hold.ts';
import { oddities } from './judge-spec.ts';
import { livePolicy, ownFlaws } from './live-policy.ts';
import { overwrittenHold } from './overwritten.ts';
import {
  type Preflight,
  preflight,
  type Refusal,
  runningVersion,
  textRefusals,
} from './preflight.ts';
import { progressOf } from './progress.ts';
import { summary } from './refusals.ts';
import { outlivesRun } from './run.ts';
import { runIdOf } from './run-id.ts';
import { supersededBy } from './supersede.ts';
import { machineOf } from './target.ts';
import { queueMessage } from './turn.ts';

/** Whether there is something to run, and if not, why not. */
export type Beginning =
  | { readonly kind: 'run'; readonly status: PlanStatus }
  | { readonly kind: 'refuse'; readonly status: PlanStatus }
  | ({ readonly kind: 'wait' } & Pick<Hold, 'reason' | 'message' | 'opensAtMs'>)
  | { readonly kind: 'nothing' };

/** Judges a Plan that is not under way: a new one, an edited one, or one at its end. */
export function begin(facts: PlanFacts): Beginning {
  const { plan } = facts;
  const state = plan.status?.state;
  if (plan.deleted) return { kind: 'nothing' };
  const { apiCheck } = facts;
  const last = lastRun(plan);
  const overwritten = overwrittenHold(facts);
  if (isTerminalState(state)) {
    // A terminal state without a generation was left by k0s: it has run.
    if (last === undefined || last >= plan.generation) return { kind: 'nothing' };
  } else if (overwritten === undefined) {
    const held = originHold(plan, apiCheck.kind === 'known' ? apiCheck.installedAtMs : undefined);
    if (held !== undefined) return { ...held, kind: 'wait' };
  }
  // Beneath k0s's definition a run of ours looks like one that k0s has left half-run.
  if (overwritten !== undefined) return { ...overwritten, kind: 'wait' };
  if ('invalid' in plan.spec) {
    const { reason, invalid } = plan.spec;
    return refuse(facts, undefined, [{ state: 'ApplyFailed', reason, message: invalid }]);
  }
  const flaws = ownFlaws(facts);
  if (flaws.length > 0) {
    const message = describeFlaws('spec.policy', flaws);
    return refuse(facts, undefined, [{ state: 'ApplyFailed', reason: 'InvalidPolicy', message }]);
  }
  const hold = holdOf(facts);
  if (hold !== undefined) {
    // What no time can mend is said now; what the world looks like is judged when the run may begin.
    const refusals = textRefusals(plan.spec);
    return refusals.length > 0 ? refuse(facts, undefined, refusals) : { ...hold, kind: 'wait' };
  }
  if (facts.plansBefore.length > 0) {
    return { kind: 'wait', reason: 'WaitsForOtherPlan', message: queueMessage(facts) };
  }
  const superseded = supersededBy(plan.spec, facts);
  if (superseded !== undefined) return refuse(facts, undefined, [superseded]);
  if (apiCheck.kind === 'unknown') {
    return { kind: 'wait', reason: 'WaitsForApiCheck', message: apiCheck.message };
  }
  const checked = preflight(plan.spec, facts);
  if (checked.refusals.length > 0) return refuse(facts, checked, checked.refusals);
  return { kind: 'run', status: freeze(facts, plan.spec, checked) };
}

function freeze(facts: PlanFacts, spec: PlanSpec, checked: Preflight): PlanStatus {
  const now = new Date(facts.nowMs).toISOString();
  const commands = listTargets(facts, spec, checked, []);
  const warnings = summary(checked.warnings);
  const conditions = withCondition(
    withCondition(
      [],
      {
        type: 'Accepted',
        status: 'True',
        reason: checked.warnings[0]?.reason ?? 'Started',
        message:
          warnings === ''
            ? 'preflight found nothing that forbids the run'
            : `with a warning: ${warnings}`,
      },
      facts.plan.generation,
      facts.nowMs,
    ),
    { type: 'RollingOut', status: 'True', reason: 'Started', message: 'the targets are frozen' },
    facts.plan.generation,
    facts.nowMs,
  );
  return {
    state: 'SchedulableWait',
    observedGeneration: facts.plan.generation,
    runID: runIdOf(facts.plan),
    startedAt: now,
    ...targetVersion(spec, 0),
    progress: progressOf(commands),
    waitsFor: 'downloads to begin',
    conditions: [...conditions, ...wellFormed(facts, spec)],
    frozenSpec: spec,
    policy: frozenPart(livePolicy(facts)),
    commands,
    ...outlivesRun(facts.plan.status),
  };
}

function refuse(
  facts: PlanFacts,
  checked: Preflight | undefined,
  refusals: readonly Refusal[],
): Beginning {
  const { plan } = facts;
  const spec: PlanSpec | undefined = 'invalid' in plan.spec ? undefined : plan.spec;
  // As k0s ranks them: what an API server would lose is found before the targets are; anything else has failed.
  const ranked: readonly PlanState[] = ['Warning', 'IncompleteTargets'];
  const state =
    ranked.find((one) => refusals.some((refusal) => refusal.state === one)) ?? 'ApplyFailed';
  const message = summary(refusals);
  const reason = refusals[0]!.reason;
  let conditions: Condition[] = [];
  for (const news of [
    { type: 'Accepted', status: 'False', reason, message },
    { type: 'Failed', status: 'True', reason, message: `nothing was touched: ${message}` },
  ] as const) {
    conditions = withCondition(conditions, news, plan.generation, facts.nowMs);
  }
  const commands =
    spec === undefined || checked === undefined ? [] : listTargets(facts, spec, checked, refusals);
  return {
    kind: 'refuse',
    status: {
      state,
      observedGeneration: plan.generation,
      runID: runIdOf(plan),
      finishedAt: new Date(facts.nowMs).toISOString(),
      ...(spec === undefined ? {} : targetVersion(spec, 0)),
      progress: progressOf(commands),
      waitsFor: '',
      conditions: [...conditions, ...wellFormed(facts, spec)],
      commands,
      ...outlivesRun(plan.status),
    },
  };
}

/** In the words in which the API server has warned when the Plan was applied. */
function wellFormed(facts: PlanFacts, spec: PlanSpec | undefined): Condition[] {
  const odd = spec === undefined ? [] : oddities(spec);
  if (odd[0] === undefined) return [];
  const message = odd.map((one) => one.message).join('; ');
  const news = { type: 'WellFormed', status: 'False', reason: odd[0].reason, message } as const;
  return withCondition([], news, facts.plan.generation, facts.nowMs);
}

function listTargets(
  facts: PlanFacts,
  spec: PlanSpec,
  checked: Preflight,
  refusals: readonly Refusal[],
): CommandStatus[] {
  const now = new Date(facts.nowMs).toISOString();
  // There may be one of each of thousands; the first of each counts.
  const byTarget = new Map<string, Refusal>();
  for (const refusal of refusals) {
    const key = refusal.target && keyOf(refusal.target);
    if (key !== undefined && !byTarget.has(key)) byTarget.set(key, refusal);
  }
  return spec.commands.map((command, id) => {
    const list = (role: Role, names: readonly string[]): TargetStatus[] =>
      names.map((name) => {
        const refusal = byTarget.get(keyOf({ command: id, role, name }));
        const { host, node } = machineOf(facts, role, name);
        // A bundle leaves the version as it is.
        const previousVersion =
          host === undefined || command.k0supdate === undefined ? undefined : runningVersion(host);
        return {
          name,
          state: refusal === undefined ? 'SignalPending' : stateOfRefusal(refusal.reason),
          lastUpdatedTimestamp: now,
          phase: 'Pending',
          attempts: 1,
          ...(previousVersion === undefined ? {} : { previousVersion }),
          ...(command.k0supdate && isCordonedByOthers(node) ? { cordoned: true } : {}),
          ...(refusal === undefined ? {} : { reason: refusal.reason, message: refusal.message }),
        };
      });
    const resolved = checked.commands[id] ?? { controllers: [], workers: [] };
    const warnings = refusals.filter((one) => one.warnsOf?.command === id);
    return {
      id,
      ...(warnings.length === 0
        ? { state: 'SchedulableWait' }
        : {
            state: 'Warning',
            description: warnings.map(({ warnsOf }) => warnsOf!.description).join('; '),
          }),
      ...(command.k0supdate === undefined
        ? {}
        : {
            k0supdate: {
              controllers: list('controller', resolved.controllers),
              workers: list('worker', resolved.workers),
            },
          }),
      ...(command.airgapupdate === undefined || command.k0supdate !== undefined
        ? {}
        : { airgapupdate: { workers: list('worker', resolved.workers) } }),
    };
  });
}

function keyOf({ command, role, name }: NonNullable<Refusal['target']>): string {
  return `${command}/${role}/${name}`;
}

function stateOfRefusal(reason: Reason): TargetState {
  if (reason === 'NodeMissing') return 'SignalMissingNode';
  return reason === 'PlatformMissing' ? 'SignalMissingPlatform' : 'SignalPending';
}

export function targetVersion(spec: PlanSpec, command: number): { targetVersion?: string } {
  const one = spec.commands[command];
  const version = one?.k0supdate?.version ?? one?.airgapupdate?.version;
  return version === undefined ? {} : { targetVersion: version };
}
