import type { CommandStatus, Role, TargetPhase, TargetStatus } from '../api/plan.ts';
import type { Order } from '../signals/order.ts';
import type { Signal } from '../signals/report.ts';
import type { ControlNodeFacts, NodeFacts, PlanFacts } from './facts.ts';
import { controllerOfNode, workloadOf } from './hybrid.ts';
import { parkedWith } from './parked.ts';
import { targetsOf } from './progress.ts';
import type { RunningStatus } from './run.ts';

/** One target of the command under way: what status says of it, and what the world does. */
export interface Target {
  /** Where its order goes: of a bundle for a hybrid, to the ControlNode, where its one agent listens. */
  readonly role: Role;
  readonly name: string;
  readonly status: TargetStatus;
  /** Undefined once its object has been deleted. */
  readonly host: NodeFacts | ControlNodeFacts | undefined;
  /** What is emptied before it goes down: of a worker its own, of a controller the Node that is the same machine. */
  readonly node: NodeFacts | undefined;
  readonly controlNode: ControlNodeFacts | undefined;
  readonly orderId: string;
  /** The order on the target, where it is the one of this run and command. */
  readonly order: Order | undefined;
  /** An order of another run or Plan that is still there, and does not give way to ours. */
  readonly foreignOrder: Order | undefined;
  /** The report's answer to {@link order}. */
  readonly signal: Signal | undefined;
  /** The node carries our mark for this order: it is being emptied, or not yet given back. */
  readonly marked: boolean;
  /** A worker that is done, given back and written down as such: no look has anything to add. */
  readonly isAtRest: boolean;
  /**
   * A worker that waits for its turn and is written down as such: the sha256 of what it has staged, as it has
   * reported it. Nothing but the course of the run can change anything about it.
   */
  readonly parked: string | undefined;
  /** As it stands where it is at rest or parked: of thousands, the very same object at every look. */
  readonly still: Placed | undefined;
}

/** A target with the phase that this judgement has found it in. */
export interface Standing {
  readonly target: Target;
  readonly phase: TargetPhase;
}

/** A worker with the batch that it was begun in. */
export interface Placed extends Standing {
  readonly batch: number | undefined;
}

/** Orders are numbered so that a leader that died between two writes finds its own again. */
export function orderIdOf(runID: string, command: number, attempt: number): string {
  return `${runID}.${command}.${attempt}`;
}

/** The run of an order id `RUN.COMMAND.ATTEMPT`. */
export function runOf(orderId: string): string {
  return orderId.split('.').slice(0, -2).join('.');
}

/** All targets of a command in the order of its lists. */
export function viewTargets(
  facts: PlanFacts,
  { runID }: RunningStatus,
  command: CommandStatus,
): Target[] {
  const controllers = command.k0supdate?.controllers?.length ?? 0;
  const key = `${facts.plan.uid}/${runID}/${command.id}`;
  const before = seen.get(key);
  const isUpdate = command.airgapupdate === undefined;
  const views = targetsOf(command).map((status, at) => {
    const was = before?.[at];
    if (was !== undefined && isUpdate && isStill(was, status, facts)) return was;
    const machine = isUpdate
      ? machineOf(facts, at < controllers ? 'controller' : 'worker', status.name)
      : deliveredTo(facts, status.name);
    return viewTarget(facts, runID, command.id, machine, status, was);
  });
  remember(key, views);
  return views;
}

/**
 * By run and command, as of the last look at each: of thousands of targets few change between two looks, neither
 * status nor host of the others. Not by each target: what weak maps hold costs the garbage collector more than that.
 */
const seen = new Map<string, readonly Target[]>();
const MOST_SEEN = 8;

function remember(key: string, views: readonly Target[]): void {
  seen.delete(key);
  seen.set(key, views);
  if (seen.size > MOST_SEEN) for (const oldest of seen.keys()) return void seen.delete(oldest);
}

/** What {@link viewTarget} finds as well, of most of thousands. */
function isStill({ still }: Target, status: TargetStatus, { nodes }: PlanFacts): boolean {
  return still?.target.status === status && still.target.node === nodes.get(status.name);
}

type Machine = Pick<Target, 'role' | 'host' | 'node' | 'controlNode'>;

/** The machine that a name of the lists of a `k0supdate` stands for. */
export function machineOf(
  { nodes, controlNodes }: Pick<PlanFacts, 'nodes' | 'controlNodes'>,
  role: Role,
  name: string,
): Machine {
  if (role === 'worker') {
    const node = nodes.get(name);
    return { role, host: node, node, controlNode: undefined };
  }
  const controlNode = controlNodes.get(name);
  return { role, host: controlNode, node: workloadOf(controlNode, nodes), controlNode };
}

/** A hybrid is one machine with one agent, and that listens on its ControlNode; a bundle empties nothing. */
export function deliveredTo(
  facts: Pick<PlanFacts, 'nodes' | 'controlNodes'>,
  name: string,
): Machine {
  const controlNode = controllerOfNode(name, facts);
  if (controlNode !== undefined) {
    return { role: 'controller', host: controlNode, node: undefined, controlNode };
  }
  const node = facts.nodes.get(name);
  return { role: 'worker', host: node, node, controlNode: undefined };
}

function viewTarget(
  facts: PlanFacts,
  runID: string,
  command: number,
  machine: Machine,
  status: TargetStatus,
  before: Target | undefined,
): Target {
  const { host } = machine;
  const stored = host?.order.kind === 'valid' ? host.order.value : undefined;
  // What another Plan has staged before it was overtaken costs nobody anything.
  const isParked = stored?.goal === 'stage' && facts.others.parkedRuns.has(stored.run);
  const isSame =
    before?.status === status &&
    before.host === host &&
    before.node === machine.node &&
    before.role === machine.role &&
    !isParked &&
    // It was parked, and is in the way now.
    (stored === undefined || before.order === stored || before.foreignOrder === stored);
  if (isSame) return before;
  return lookAt(orderIdOf(runID, command, status.attempts ?? 1), machine, status, isParked);
}

function lookAt(
  orderId: string,
  { role, host, node, controlNode }: Machine,
  status: TargetStatus,
  isParked: boolean,
): Target {
  const stored = host?.order.kind === 'valid' ? host.order.value : undefined;
  const order = stored?.id === orderId ? stored : undefined;
  const reported = host?.report.kind === 'valid' ? host.report.value.signal : undefined;
  const atRest = role === 'worker' && isAtRest(status, node);
  const parked = role === 'worker' ? parkedWith(status, node, order, reported) : undefined;
  const target: Target & { still: Placed | undefined } = {
    role,
    name: status.name,
    status,
    host,
    node,
    controlNode,
    orderId,
    order,
    foreignOrder: order === undefined && !isParked ? stored : undefined,
    signal: reported?.id === orderId ? reported : undefined,
    marked: node?.cordon?.orderId === orderId,
    isAtRest: atRest,
    parked,
    still: undefined,
  };
  if (atRest) target.still = { target, phase: 'Committed', batch: status.batch };
  else if (parked !== undefined) target.still = { target, phase: 'Staged', batch: undefined };
  return target;
}

/** How a target stands after a judgement. */
export function standingOf(target: Target, phase: TargetPhase): Standing {
  return target.still?.phase === phase ? target.still : { target, phase };
}

function isAtRest(status: TargetStatus, node: NodeFacts | undefined): boolean {
  return (
    status.phase === 'Committed' &&
    status.state === 'SignalCompleted' &&
    status.reason === 'Updated' &&
    status.batch !== undefined &&
    status.attempts !== undefined &&
    status.deadline === undefined &&
    status.softTaint === undefined &&
    status.cordoned !== true &&
    node !== undefined &&
    node.cordon === undefined &&
    node.softTaint === undefined
  );
}

const FINAL_PHASES = new Set<TargetPhase>(['Committed', 'Undone', 'Skipped', 'Failed']);
const APPLIED_PHASES = new Set<TargetPhase>([
  'Applying',
  'OnTrial',
  'Committing',
  'Undoing',
  'Held',
]);

export function isFinal(phase: TargetPhase | undefined): boolean {
  return phase !== undefined && FINAL_PHASES.has(phase);
}

/** @returns whether something has been taken away from a target in this phase that is not given back yet */
export function isTaken(phase: TargetPhase | undefined): boolean {
  return phase !== undefined && (phase === 'Draining' || APPLIED_PHASES.has(phase));
}

/** @returns whether the target is taken, or is still marked as ours to empty */
export function occupiesSlot(target: Target, phase: TargetPhase): boolean {
  return target.marked || isTaken(phase);
}

/** Whether what is known of a target is out of date, for a write to its Node is under way. */
export function isBeingWritten(
  { node }: Pick<Target, 'node'>,
  { nodesBeingWritten }: Pick<PlanFacts, 'nodesBeingWritten'>,
): boolean {
  return node !== undefined && nodesBeingWritten?.has(node.name) === true;
}

/** Whether what has cost nothing yet was taken back. An undo of a bundle is that: nothing else could be undone. */
export function isCalledBack(order: Order | undefined): boolean {
  return order?.goal === 'cancel' || (order?.goal === 'undo' && order.artifact.kind === 'airgap');
}

/** Whether a target's state forbids to touch anything new. */
export function isTrouble(phase: TargetPhase, reason: string | undefined): boolean {
  if (phase === 'Skipped') return reason === 'RunStopped';
  return phase === 'Failed' || phase === 'Undone' || phase === 'Undoing' || phase === 'Held';
}

/**
 * Where a target stands, from the order on it and the answer to that: they outlive any leader. What status
 * says counts only where the world says nothing, and once it has said that the target is at its end.
 */
export function phaseOf(target: Target): TargetPhase {
  const told = target.status.phase ?? 'Pending';
  if (isFinal(told)) return told;
  const { order, signal } = target;
  if (order === undefined) {
    // The order of what is done goes with the cordon, and status may be from before it was given.
    return signal?.phase === 'Committed' && told !== 'Undoing' ? 'Committing' : told;
  }
  if (isCalledBack(order)) return 'Staged';
  if (order.artifact.kind === 'airgap') {
    return signal === undefined || signal.phase === 'Downloading' ? 'Downloading' : 'Applying';
  }
  switch (order.goal) {
    case 'stage':
      if (target.marked) return 'Draining';
      return signal?.phase === 'Staged' ? 'Staged' : 'Downloading';
    case 'cancel':
      return 'Staged';
    case 'apply':
      if (signal?.phase === 'Undoing') return 'Undoing';
      // Once held, by us or by the agent, only a pass or a person ends it.
      if (signal?.phase === 'Held' || told === 'Held') return 'Held';
      return signal?.phase === 'OnTrial' ? 'OnTrial' : 'Applying';
    case 'commit':
      return 'Committing';
    case 'undo':
      return 'Undoing';
  }
}
