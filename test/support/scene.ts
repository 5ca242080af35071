import assert from 'node:assert/strict';
import type { PlanSpec, PlanStatus, TargetStatus } from '../../src/api/plan.ts';
import type { PolicyLayer } from '../../src/api/policy.ts';
import { type Decision, decide } from '../../src/plans/decide.ts';
import type {
  Action,
  BudgetFacts,
  ControlNodeFacts,
  NodeFacts,
  PlanFacts,
} from '../../src/plans/facts.ts';
import { targetsOf } from '../../src/plans/progress.ts';
import { formatOrder, type Goal, type Order } from '../../src/signals/order.ts';
import type { Report, Signal } from '../../src/signals/report.ts';
import {
  aControlNode,
  aNode,
  aPolicy,
  aReport,
  NEW,
  SHA,
  START_MS,
  someFacts,
} from './builders.ts';

export const RUN = '01234567-1';

/** A run that has begun, and the world that it is looked at in. */
export interface Scene {
  readonly spec: PlanSpec;
  readonly controllers?: Readonly<Record<string, Partial<ControlNodeFacts>>>;
  readonly nodes?: Readonly<Record<string, Partial<NodeFacts>>>;
  /** What status says already, by target. */
  readonly told?: Readonly<Record<string, Partial<TargetStatus>>>;
  readonly budgets?: readonly BudgetFacts[];
  readonly policy?: PolicyLayer;
  readonly nowMs?: number;
  readonly sightedSinceMs?: number;
  /** What the stored definition of Plans lacks. */
  readonly lostFields?: readonly string[];
  /** Nodes with a write that is not answered yet. */
  readonly nodesBeingWritten?: readonly string[];
  /** The status that the run is at, instead of a fresh one. */
  readonly status?: PlanStatus;
}

/** Looks once. */
export function look(scene: Scene): Decision {
  const { spec, controllers = {}, nodes = {}, policy = {} } = scene;
  const status =
    scene.status ??
    begun(
      someFacts(spec, {
        policy: aPolicy(policy),
        controlNodes: Object.keys(controllers).map((name) => aControlNode(name)),
        nodes: Object.keys(nodes).map((name) => aNode(name)),
      }),
    );
  for (const command of status.commands ?? []) {
    for (const one of targetsOf(command)) Object.assign(one, scene.told?.[one.name]);
  }
  return decide(
    someFacts(spec, {
      policy: aPolicy(policy),
      nowMs: scene.nowMs ?? START_MS,
      sightedSinceMs: scene.sightedSinceMs ?? 0,
      budgets: scene.budgets ?? [],
      lostFields: scene.lostFields,
      nodesBeingWritten: new Set(scene.nodesBeingWritten),
      plan: { status },
      controlNodes: Object.entries(controllers).map(([name, over]) => aControlNode(name, over)),
      nodes: Object.entries(nodes).map(([name, over]) => aNode(name, over)),
    }),
  );
}

/** The status with which a run begins. */
export function begun(facts: PlanFacts): PlanStatus {
  const decision = decide(facts);
  assert.equal(decision.kind, 'begin', JSON.stringify(decision));
  return decision.kind === 'begin' ? decision.status : assert.fail();
}

interface OrderedOptions {
  readonly goal: Goal;
  /** What the agent answers; undefined: nothing yet. */
  readonly signal?: Partial<Signal>;
  readonly order?: Partial<Order>;
  readonly agent?: Partial<Report['agent']>;
}

/** What a host looks like with an order of the first command, and with the agent's answer to it. */
export function ordered({ goal, signal, order: over, agent }: OrderedOptions) {
  const order: Order = {
    v: 1,
    id: `${RUN}.0.1`,
    attempt: 1,
    goal,
    plan: { name: 'autopilot', uid: '01234567-89ab-cdef' },
    run: RUN,
    command: 0,
    epoch: 3,
    artifact: { kind: 'k0s', version: NEW, url: 'https://mirror.example/k0s', force: false },
    durations: { stageMs: 3_600_000, confirmMs: 300_000 },
    undo: 'binary',
    ...over,
  };
  const full: Signal | undefined = signal && {
    id: order.id,
    attempt: 1,
    epoch: 3,
    goal,
    phase: 'Downloading',
    ...signal,
  };
  const report = aReport({}, full);
  return {
    order: { kind: 'valid' as const, value: order },
    orderText: formatOrder(order),
    report: { kind: 'valid' as const, value: { ...report, agent: { ...report.agent, ...agent } } },
  };
}

/** A host that has downloaded what is wanted, and waits for its turn. */
export function staged() {
  return ordered({
    goal: 'stage',
    signal: { phase: 'Staged', staged: { version: NEW, sha256: SHA, size: 9 } },
  });
}

/** `apply cp-1`, in the order in which they are carried out; {@link softTaintsOf} apart. */
export function actionsOf(decision: Decision): string[] {
  return allActionsOf(decision).filter((text) => !/^(softTaint|removeSoftTaint) /.test(text));
}

/** `softTaint w-1` */
export function softTaintsOf(decision: Decision): string[] {
  return allActionsOf(decision).filter((text) => /^(softTaint|removeSoftTaint) /.test(text));
}

function allActionsOf(decision: Decision): string[] {
  const actions: readonly Action[] = decision.kind === 'act' ? decision.actions : [];
  return actions.map((action) =>
    action.kind === 'order'
      ? `${action.order.goal} ${action.name}`
      : `${action.kind} ${action.name}`,
  );
}

/** @returns the orders that are written, by target */
export function ordersOf(decision: Decision): Record<string, Order> {
  const actions: readonly Action[] = decision.kind === 'act' ? decision.actions : [];
  return Object.fromEntries(
    actions.flatMap((action) => (action.kind === 'order' ? [[action.name, action.order]] : [])),
  );
}

export function statusOf(decision: Decision): PlanStatus {
  return 'status' in decision ? decision.status : assert.fail(decision.kind);
}

export function targetOf(decision: Decision, name: string, command = 0): TargetStatus {
  const all = targetsOf(statusOf(decision).commands?.[command] ?? assert.fail(`${command}`));
  return all.find((one) => one.name === name) ?? assert.fail(name);
}

export function failureOf(decision: Decision) {
  return statusOf(decision).conditions?.find(
    ({ type, status }) => type === 'Failed' && status === 'True',
  );
}
