import { parseK0sVersion } from '../../../src/api/k0s-version.ts';
import type { TargetStatus } from '../../../src/api/plan.ts';
import type { Action } from '../../../src/plans/facts.ts';
import { isSettled, mayFollow } from '../../../src/signals/lifecycle.ts';
import { SHA_OLD } from './agent.ts';
import { isInFlight } from './host.ts';
import { type Judgement, readOrder } from './leader.ts';
import { NEW, type Setting } from './setting.ts';
import type { Host, Seen, State } from './state.ts';

/** A write of the orchestrator that has come about, and what its writer saw when it was judged. */
export interface Landing {
  readonly before: State;
  readonly after: State;
  readonly action: Action;
  /** Undefined of a deposed leader: what it saw is long over. */
  readonly seen: ReadonlyMap<string, Seen> | undefined;
}

/** Each begins with the promise that it breaks. */
export function brokenByWrite(setting: Setting, landing: Landing): string[] {
  const { before, after, action, seen } = landing;
  const host = before.hosts.find(({ name }) => name === action.name)!;
  const now = after.hosts.find(({ name }) => name === action.name)!;
  if (host === now) return [];
  switch (action.kind) {
    case 'order': {
      const { goal, artifact } = action.order;
      const isNew = host.order === undefined || readOrder(host.order).id !== action.order.id;
      const isNewGoal = isNew || readOrder(host.order!).goal !== goal;
      const begins = isNewGoal && (goal === 'stage' || goal === 'apply');
      const takes = isNewGoal && goal === 'apply' && artifact.kind === 'k0s';
      return [
        ...brokenOrder(host, action.order),
        ...(begins ? brokenBeginning(setting, landing, host) : []),
        ...(takes && host.role === 'controller' ? brokenQuorum(landing, host) : []),
        ...(takes && host.role === 'controller' ? brokenDrain(setting, landing, host) : []),
        ...(takes && host.role === 'worker' ? brokenSequence(setting, before, host) : []),
        ...(isNewGoal && goal === 'commit' && host.sick !== undefined && !host.liar
          ? [`H1: ${host.name} is told to commit, and is ${host.sick}`]
          : []),
      ];
    }
    case 'cordon':
      if (host.mark !== undefined) return [];
      return [
        ...(action.apply === undefined ? [] : brokenOrder(host, action.apply.order)),
        ...(action.apply !== undefined && seen !== undefined && seen.get(host.name)?.pods !== 0
          ? [`S2: ${host.name} is told to apply before it is empty`]
          : []),
        ...brokenBeginning(setting, landing, host),
        ...(host.role === 'controller'
          ? brokenQuorum(landing, host)
          : brokenSequence(setting, before, host)),
        ...(host.role === 'controller' || seen === undefined
          ? []
          : brokenLimit(setting, landing, host)),
      ];
    default:
      return [];
  }
}

function brokenOrder(host: Host, order: ReturnType<typeof readOrder>): string[] {
  if (host.order === undefined) return [];
  const old = readOrder(host.order);
  if (old.id === order.id) {
    return old.goal === order.goal || mayFollow(old.goal, order.goal)
      ? []
      : [`G1: ${host.name}: ${old.goal} is followed by ${order.goal}`];
  }
  return isInFlight(host) && host.journal.signal?.order.id === old.id && !host.liar
    ? [`G2: ${host.name}: ${order.id} takes the place of ${old.id}, which is obeyed`]
    : [];
}

/** Nothing new after a failure that is known, nor while somebody holds the run or has ended it. */
function brokenBeginning(setting: Setting, { before, seen }: Landing, host: Host): string[] {
  if (seen === undefined) return [];
  const { plan } = before;
  const broken: string[] = [];
  if (!plan.exists) broken.push(`S8: ${host.name} is begun for a Plan that is gone`);
  if (plan.braked || plan.stored?.paused !== undefined) {
    broken.push(`P1: ${host.name} is begun while paused`);
  }
  if (plan.stored?.aborted !== undefined) broken.push(`A1: ${host.name} is begun after an abort`);
  const run = plan.stored?.runID;
  const failed = before.hosts.filter(({ name, liar }) => {
    if (liar) return false;
    const signal = seen.get(name)?.signal;
    return (
      signal !== undefined &&
      ['Failed', 'Undone', 'Undoing', 'Refused'].includes(signal.phase) &&
      signal.id.slice(0, signal.id.indexOf('.')) === run
    );
  });
  const isController = failed.some(({ role }) => role === 'controller');
  if (isController || failed.length > setting.maxFailures) {
    broken.push(`S6: ${host.name} is begun after ${failed.map(({ name }) => name)}`);
  }
  return broken;
}

function brokenSequence({ world }: Setting, before: State, host: Host): string[] {
  const open = before.hosts.filter(
    ({ role, kept, exists, liar }) =>
      role === 'controller' && exists && !liar && kept.version !== (world.to ?? NEW),
  );
  return open.length === 0
    ? []
    : [`S1: ${host.name} is touched before ${open.map(({ name }) => name)}`];
}

/** A controller that is a worker as well is emptied before it is taken away, where its pods could go elsewhere. */
function brokenDrain({ policy }: Setting, { before, seen }: Landing, host: Host): string[] {
  const mayStay = policy.layer.drain?.onTimeout === 'Force';
  const nodes = before.hosts.filter(({ hasNode, exists }) => hasNode && exists);
  const now = seen?.get(host.name);
  if (!host.hasNode || mayStay || nodes.length === 1 || now === undefined) return [];
  return now.pods === 0 && now.mark !== undefined
    ? []
    : [`S2: ${host.name} is taken away with ${now.pods} pods, marked for ${now.mark}`];
}

function brokenQuorum({ before, seen }: Landing, host: Host): string[] {
  const down = before.hosts.filter(
    ({ role, name }) => role === 'controller' && name !== host.name && isDown(seen?.get(name)),
  );
  return down.length === 0
    ? []
    : [`S2: ${host.name} is taken away while ${down.map(({ name }) => name)} is down`];
}

function isDown(seen: Seen | undefined): boolean {
  return seen?.exists === true && !seen.ready;
}

function brokenLimit({ limit }: Setting, { before, seen }: Landing, host: Host): string[] {
  const workers = before.hosts.filter(({ role, exists }) => role === 'worker' && exists);
  const outOfService = new Set(
    (before.leader.known?.commands ?? [])
      .flatMap(targetsOf)
      .filter(({ cordoned }) => cordoned === true)
      .map(({ name }) => name),
  );
  const isAway = ({ name }: Host) => {
    const one = seen?.get(name);
    if (one?.exists !== true) return false;
    // Whom somebody had cordoned before the run came to it was taken out of service by that person.
    const isCordoned = one.unschedulable && one.mark === undefined && !outOfService.has(name);
    return !one.ready || isCordoned;
  };
  const ours = workers.filter((one) => one === host || one.mark !== undefined);
  const unavailable = workers.filter((one) => ours.includes(one) || isAway(one));
  const bound = limit + before.strays;
  const counted = isAway(host) ? ours : unavailable;
  return counted.length <= bound
    ? []
    : [`S3: ${host.name}: ${counted.map(({ name }) => name)} of ${bound}`];
}

/** What must be true at every moment, whoever does what. */
export function brokenState(setting: Setting, { hosts, strays }: State): string[] {
  const broken: string[] = [];
  const controllers = hosts.filter(({ role, exists }) => role === 'controller' && exists);
  const workers = hosts.filter(({ role, exists }) => role === 'worker' && exists);
  const away = controllers.filter((host) => isInFlight(host) && !host.liar && !host.silent);
  if (away.length > 1) broken.push(`S2: ${away.map(({ name }) => name)} are in flight`);
  const emptied = controllers.filter(({ mark }) => mark !== undefined);
  if (emptied.length > 1) broken.push(`S2: ${emptied.map(({ name }) => name)} are emptied`);
  const taken = workers.filter((host) => host.mark !== undefined);
  if (taken.length > setting.limit + strays) {
    broken.push(`S3: ${taken.map(({ name }) => name)} of ${setting.limit}`);
  }
  for (const host of workers) {
    if (isInFlight(host) && !host.liar && host.mark === undefined && host.order !== undefined) {
      const { goal } = readOrder(host.order);
      if (goal === 'apply' && strays === 0)
        broken.push(`S3: ${host.name} is in flight, and was given back`);
    }
  }
  const minor = ({ running }: Host) => parseK0sVersion(running.version)!.minor;
  for (const worker of workers) {
    const older = controllers.find((controller) => minor(controller) < minor(worker));
    if (older) broken.push(`S7: ${worker.name} is newer than ${older.name}`);
  }
  const digests = new Set(hosts.filter(({ liar }) => !liar).map(({ kept }) => kept.sha256));
  digests.delete(SHA_OLD);
  if (digests.size > 1) broken.push('S11: two files are kept for one version');
  return broken;
}

/** What an agent may never do to what it was ordered to. */
export function brokenByAgent(before: Host, after: Host): string[] {
  const from = before.journal.signal;
  const to = after.journal.signal;
  const broken: string[] = [];
  if (after.journal.epoch < before.journal.epoch) {
    broken.push(`E1: ${after.name} obeys an epoch below ${before.journal.epoch}`);
  }
  if (from !== undefined && to !== undefined && from.order.id === to.order.id) {
    const isLate = from.phase === 'Undoing' && to.phase === 'Committed';
    if (isLate || (isSettled(from.phase) && from.phase !== to.phase)) {
      broken.push(`L1: ${after.name} goes from ${from.phase} to ${to.phase}`);
    }
  }
  return broken;
}

/** Waits that only a person, or a time that nobody knows, can end; their messages name it. */
const WITHOUT_DEADLINE = new Set<string>([
  'Paused',
  'WaitsForPerson',
  'WaitsForApproval',
  'WaitsForWindow',
  'Frozen',
  'ControllerNotReady',
  'WaitsForSlot',
]);
const TIMED = new Set(['Downloading', 'Draining', 'Applying', 'OnTrial', 'Committing', 'Undoing']);

/** S12: whatever the leader waits for has a reason, a sentence, and an end or somebody to end it. */
export function brokenSilence({ decision }: Judgement): string[] {
  if (decision === undefined || decision.kind === 'rest') return [];
  const broken: string[] = [];
  if (decision.kind === 'wait' || decision.kind === 'queue') {
    const { reason, message, untilMs, status } = decision;
    if (message === '' || (status.waitsFor ?? '') === '')
      broken.push(`S12: ${reason} says nothing`);
    const waiting = status.conditions?.find(({ type }) => type === 'Waiting');
    if (waiting?.status !== 'True' || waiting.reason !== reason) {
      broken.push(`S12: condition Waiting says ${waiting?.reason}, wanted ${reason}`);
    }
    if (untilMs === undefined && !WITHOUT_DEADLINE.has(reason)) {
      broken.push(`S9: ${reason} has no deadline: ${message}`);
    }
  }
  for (const { status } of [decision]) {
    if (status.finishedAt !== undefined) continue;
    for (const target of (status.commands ?? []).flatMap(targetsOf)) {
      if (!TIMED.has(target.phase ?? '') || decision.kind === 'answer') continue;
      if (target.deadline === undefined && decision.kind === 'wait') {
        broken.push(`S9: ${target.name} is ${target.phase} without a deadline`);
      }
    }
  }
  return broken;
}

function targetsOf(command: {
  readonly k0supdate?:
    | {
        readonly controllers?: readonly TargetStatus[] | undefined;
        readonly workers?: readonly TargetStatus[] | undefined;
      }
    | undefined;
}): TargetStatus[] {
  const { controllers = [], workers = [] } = command.k0supdate ?? {};
  return [...controllers, ...workers];
}
