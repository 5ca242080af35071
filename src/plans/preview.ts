import type { Role, StoredPlanStatus } from '../api/plan.ts';
import { withDefaults } from '../api/policy.ts';
import { describeFlaws } from '../api/policy-flaws.ts';
import type { Reason } from '../api/reasons.ts';
import { awaitedApproval } from './approvals.ts';
import { type Decision, decide } from './decide.ts';
import type { Action, PlanFacts } from './facts.ts';
import { holdOf } from './hold.ts';
import { controllerOfNode } from './hybrid.ts';
import { livePolicy, ownFlaws } from './live-policy.ts';
import { preflight, type Refusal, type Warning } from './preflight.ts';
import { measuredPace, type Pace } from './preview-pace.ts';
import { PreviewWorld } from './preview-world.ts';

/** One target that is begun: a controller told to apply, a worker cordoned, a bundle ordered. */
export interface Begun {
  readonly command: number;
  readonly role: Role;
  readonly name: string;
  /** Of a Node that is emptied for its controller: the ControlNode, which is begun with that. */
  readonly controller?: string;
  readonly atMs: number;
}

/** A time in which nothing is begun, because no window is open. */
export interface Closed {
  readonly fromMs: number;
  readonly toMs: number;
  readonly message: string;
}

/** Where the run waits for a person, or for a Job. */
export interface Stop {
  readonly command: number;
  readonly kind: 'approval' | 'job';
  /** `Controllers`, `Batch/2`; of a Job, what it is begun for. */
  readonly of: string;
  readonly atMs: number;
}

/** How a run ends if nothing fails. */
export type Outcome =
  | { readonly kind: 'refused' }
  | { readonly kind: 'completes'; readonly atMs: number }
  /** It would wait for something that does not come by itself. */
  | { readonly kind: 'stuck'; readonly reason: Reason; readonly message: string };

export interface Preview {
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly Warning[];
  /** The brake that is pulled now: the rest is shown as if it were let go. */
  readonly brake: string | undefined;
  /** In the order in which they are begun; what has its version already is not among them. */
  readonly begun: readonly Begun[];
  readonly closed: readonly Closed[];
  /** A person approves at once, and every Job succeeds. */
  readonly stops: readonly Stop[];
  readonly outcome: Outcome;
  readonly pace: Pace;
  /** At its end: every target with its phase and previous version. Undefined where it never begins. */
  readonly status: StoredPlanStatus | undefined;
  /** The world at the end of it. */
  readonly after: PlanFacts;
}

/** A run of 10,000 nodes is looked at some 30,000 times; this only ends what should have ended. */
const MAX_LOOKS = 1_000_000;

/**
 * Runs the Plan in a world without faults that begins as the facts say: with the very judgement that runs it
 * in the real one, so that order and batches are those of the run.
 * @param facts of a Plan that is not under way: its status is taken for absent
 * @param earlier statuses of the Plans of the cluster, which tell how long nodes take here
 */
export function preview(
  facts: PlanFacts,
  earlier: readonly (StoredPlanStatus | undefined)[] = [],
): Preview {
  const { spec } = facts.plan;
  const pace = measuredPace(withDefaults(livePolicy(facts)), earlier);
  const hold = holdOf({ ...facts, plan: { spec, status: undefined } });
  const brake = hold?.kind === 'brake' ? hold.message : undefined;
  const world = new PreviewWorld(asNew(facts), pace);
  const checked = check(facts);
  const log: Log = { begun: [], closed: [], stops: [] };
  const outcome =
    checked.refusals.length > 0 ? { kind: 'refused' as const } : run(world, log, facts);
  return {
    ...checked,
    ...log,
    brake,
    outcome,
    pace,
    status: world.status,
    after: world.facts(),
  };
}

/** As a Plan that was applied a moment ago: with a run of its own, and no brake. */
function asNew(facts: PlanFacts): PlanFacts {
  const { plan, policy } = facts;
  const spec =
    'invalid' in plan.spec || plan.spec.policy === undefined
      ? plan.spec
      : { ...plan.spec, policy: { ...plan.spec.policy, paused: false } };
  return {
    ...facts,
    sightedSinceMs: 0,
    policy: { ...policy, layer: { ...policy.layer, paused: false }, pausedBy: undefined },
    plan: { ...plan, uid: 'preview', spec, status: undefined },
  };
}

/** All that forbids the run or speaks against it, in the words of the status. */
function check(facts: PlanFacts): Pick<Preview, 'refusals' | 'warnings'> {
  const { spec } = facts.plan;
  if ('invalid' in spec) {
    const refusal = { state: 'ApplyFailed', reason: spec.reason, message: spec.invalid } as const;
    return { refusals: [refusal], warnings: [] };
  }
  const flaws = ownFlaws({ ...facts, plan: { spec, status: undefined } });
  const own: Refusal[] =
    flaws.length === 0
      ? []
      : [
          {
            state: 'ApplyFailed',
            reason: 'InvalidPolicy',
            message: describeFlaws('spec.policy', flaws),
          },
        ];
  const { refusals, warnings } = preflight(spec, facts);
  return { refusals: [...own, ...refusals], warnings };
}

type Machines = Pick<PlanFacts, 'nodes' | 'controlNodes'>;

interface Log {
  readonly begun: Begun[];
  readonly closed: Closed[];
  readonly stops: Stop[];
}

function run(world: PreviewWorld, log: Log, machines: Machines): Outcome {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const decision = decide(world.facts());
    if ('status' in decision) world.status = decision.status;
    switch (decision.kind) {
      case 'begin':
        continue;
      case 'end':
        return ended(decision, world);
      case 'refuse':
      case 'rest':
        return { kind: 'refused' };
      case 'act':
        note(decision.actions, world, log, machines);
        for (const action of decision.actions) world.perform(action);
        // Anything else, the end of a command included, may make room for more at once.
        if (!isQuiet(decision.actions) || world.pass(decision.untilMs, decision.dueMs)) continue;
        break;
      case 'wait':
      case 'queue':
        if (approve(decision, world, log.stops)) continue;
        if (world.pass(decision.untilMs, dueOf(decision))) continue;
        if (waitForWindow(decision, world, log.closed)) continue;
        return { kind: 'stuck', reason: decision.reason, message: decision.message };
    }
    break;
  }
  return { kind: 'stuck', reason: 'RollingOut', message: 'the preview came to no end' };
}

function dueOf(decision: Decision): number | undefined {
  return decision.kind === 'wait' ? decision.dueMs : undefined;
}

/**
 * Whether nothing more is to be begun before something happens: workers that are emptied, restarted or told to
 * commit keep their slots, and what was free was given away in the same look.
 */
function isQuiet(actions: readonly Action[]): boolean {
  // The first download of a platform is alone for a while; once workers go, none of those is left.
  const goesOn = actions.some((action) => action.kind === 'evict' || isRestart(action));
  return (
    goesOn &&
    actions.every(
      (action) =>
        action.kind === 'evict' ||
        action.kind === 'cordon' ||
        action.kind === 'softTaint' ||
        isRestart(action) ||
        (action.kind === 'order' &&
          (action.order.goal === 'commit' || action.order.goal === 'stage')),
    )
  );
}

function isRestart(action: Action): boolean {
  return (
    action.kind === 'order' &&
    action.role === 'worker' &&
    action.order.goal === 'apply' &&
    action.order.artifact.kind === 'k0s'
  );
}

function ended({ status }: Extract<Decision, { kind: 'end' }>, { nowMs }: PreviewWorld): Outcome {
  if (status.state === 'Completed') return { kind: 'completes', atMs: nowMs };
  const failed = status.conditions?.find(({ type }) => type === 'Failed');
  return {
    kind: 'stuck',
    reason: (failed?.reason as Reason | undefined) ?? 'RunStopped',
    message: failed?.message ?? 'the run would fail',
  };
}

function waitForWindow(
  { untilMs, message }: Extract<Decision, { kind: 'wait' | 'queue' }>,
  world: PreviewWorld,
  closed: Closed[],
): boolean {
  if (world.status?.opensAt === undefined || untilMs === undefined || untilMs <= world.nowMs) {
    return false;
  }
  closed.push({ fromMs: world.nowMs, toMs: untilMs, message });
  world.nowMs = untilMs;
  return true;
}

/** Somebody who has nothing against it. */
function approve(decision: Decision, world: PreviewWorld, stops: Stop[]): boolean {
  const { status, nowMs } = world;
  const at = commandUnderWay(status);
  const command = status?.commands?.[at];
  if (!('reason' in decision) || decision.reason !== 'WaitsForApproval' || !command) return false;
  const of = awaitedApproval(command, withDefaults(status?.policy ?? {}));
  if (of === undefined) return false;
  stops.push({ command: command.id, kind: 'approval', of, atMs: nowMs });
  const approval = { of, by: 'preview', at: new Date(nowMs).toISOString() };
  const approved = { ...command, approvals: [...(command.approvals ?? []), approval] };
  world.status = { ...status, commands: status!.commands!.with(at, approved) };
  return true;
}

function commandUnderWay(status: StoredPlanStatus | undefined): number {
  return status?.commands?.findIndex(({ state }) => state !== 'Completed') ?? 0;
}

function note(
  actions: readonly Action[],
  { nowMs, status }: PreviewWorld,
  log: Log,
  machines: Machines,
): void {
  const command = commandUnderWay(status);
  for (const action of actions) {
    if (action.kind === 'job') {
      log.stops.push({ command, kind: 'job', of: action.of, atMs: nowMs });
      continue;
    }
    const isBegin =
      action.kind === 'cordon' ||
      (action.kind === 'order' &&
        action.order.goal === 'apply' &&
        (action.role === 'controller' || action.order.artifact.kind === 'airgap'));
    if (!isBegin) continue;
    const role = action.kind === 'cordon' ? 'worker' : action.role;
    const index = action.kind === 'order' ? action.order.command : command;
    const hybrid = action.kind === 'cordon' ? controllerOfNode(action.name, machines) : undefined;
    const controller = hybrid && { controller: hybrid.name };
    log.begun.push({ command: index, role, name: action.name, ...controller, atMs: nowMs });
  }
}
