import type { Role } from '../api/plan.ts';
import { isTerminalState } from '../api/plan.ts';
import { isFromBefore, isLeftHalfRun } from './adopted.ts';
import { describeMissing } from './api-check.ts';
import type { Leader } from './explain.ts';
import { nameList } from './name-list.ts';
import { targetsOf } from './progress.ts';
import { isUnderWay } from './run.ts';
import type { TrimmedPlan } from './trim-plan.ts';

/** What k0s's own Autopilot has last ordered a machine to do, and how far that came. */
export interface K0sSignal {
  readonly planId: string;
  /** k0s's word; undefined: the machine has not answered. */
  readonly status: string | undefined;
}

/** One Node or ControlNode. */
export interface AdoptionHost {
  readonly role: Role;
  readonly name: string;
  /** Of k0s, or of its kubelet; undefined: nobody tells. */
  readonly version: string | undefined;
  readonly hasAgent: boolean;
  /** A Node whose machine is a controller: that has one agent, which reports on its ControlNode. */
  readonly isOfController: boolean;
  readonly signal: K0sSignal | undefined;
  /** Something of ours is under way there: an order, or a cordon. */
  readonly isHeldByUs: boolean;
}

/** What k0s has written for the workers of a profile. */
export interface WorkerProfile {
  readonly configMap: string;
  /** Whether it tells them to leave Autopilot out. */
  readonly disabled: boolean;
}

/** One observation of everything that moving over, or back, depends on. */
export interface AdoptionFacts {
  readonly leader: Leader;
  /** Undefined where they may not be read. */
  readonly profiles: readonly WorkerProfile[] | undefined;
  readonly hosts: readonly AdoptionHost[];
  readonly plans: readonly TrimmedPlan[];
  readonly updateConfigs: readonly string[];
  /** Undefined: the cluster does not tell. */
  readonly storage: string | undefined;
  /** Of our manifests: what is not in the cluster, `ClusterRole autopilot:leader`. */
  readonly missingObjects: readonly string[];
  /** What is there as an older release has made it: `ClusterRole autopilot:leader lacks get nodes`. */
  readonly outdatedObjects: readonly string[];
  readonly missingFields: readonly string[];
  readonly installedAtMs: number | undefined;
}

/**
 * - `ready`: as it should be
 * - `note`: good to know, nothing to do
 * - `todo`: missing; `autopilot adopt` or the commands beside it bring it about
 * - `blocked`: has to end first, by the commands beside it
 */
export interface AdoptionCheck {
  readonly outcome: 'ready' | 'note' | 'todo' | 'blocked';
  readonly subject: string;
  readonly sentence: string;
  readonly next: readonly string[];
}

const check = (
  outcome: AdoptionCheck['outcome'],
  subject: string,
  sentence: string,
  ...next: readonly string[]
): AdoptionCheck => ({ outcome, subject, sentence, next });

const SWITCH_OFF = 'k0s install controller --force --disable-components=autopilot ...';

/** Whether this cluster can move from k0s's own Autopilot to ours, and what is left to do for it. */
export function judgeAdoption(facts: AdoptionFacts): AdoptionCheck[] {
  return [
    leaderOf(facts),
    profilesOf(facts),
    ...signalsOf(facts),
    ...kindsIn(facts),
    agentsOf(facts),
    ...facts.plans.flatMap((plan) => planOf(plan, facts)),
    ...facts.updateConfigs.map((name) =>
      check(
        'note',
        `UpdateConfig ${name}`,
        'stays as it is; whoever leads follows it, ours from then on: what it offers becomes the Plan autopilot in its window',
        'autopilot channel status',
      ),
    ),
    versionsOf(facts),
    check(
      'note',
      'storage',
      facts.storage === undefined
        ? 'the cluster does not tell what k0s keeps its state in: etcd, unless its configuration says otherwise'
        : `k0s keeps its state in ${facts.storage}`,
    ),
  ];
}

function leaderOf({ leader }: AdoptionFacts): AdoptionCheck {
  switch (leader.kind) {
    case 'k0s':
      return check(
        'blocked',
        'leader',
        `k0s's own Autopilot leads (${leader.holder}): at least one controller runs it`,
        `${SWITCH_OFF}  # on every controller, with all its other flags; then restart it`,
      );
    case 'alive':
      return check('ready', 'leader', `ours leads (${leader.holder})`);
    case 'unknown':
      return check('note', 'leader', 'the Lease may not be read: whether k0s leads is not known');
    case 'gone':
      return check(
        'note',
        'leader',
        'nobody leads: the Lease is free for our orchestrator',
        'systemctl start autopilot-controller  # on every controller',
      );
  }
}

/** The one place in which k0s says it to its workers; the controller that wrote it last is the one that it tells of. */
function profilesOf({ profiles }: AdoptionFacts): AdoptionCheck {
  if (profiles === undefined || profiles.length === 0) {
    return check(
      'note',
      'component',
      'k0s has written no worker profile that can be read: whether its Autopilot is off cannot be seen from here; look at the flags of every controller',
      'ps -o args= -C k0s  # on every controller',
    );
  }
  const on = profiles.filter(({ disabled }) => !disabled);
  if (on.length === 0) {
    return check(
      'ready',
      'component',
      "k0s tells its workers to leave its Autopilot out; a worker that has not been restarted since runs it still, and does nothing without k0s's orders",
    );
  }
  return check(
    'blocked',
    'component',
    `k0s's Autopilot is on by the worker profiles ${nameList(on.map(({ configMap }) => configMap))}: the controller that wrote them lacks --disable-components=autopilot, or runs a k0s that does not pass it on`,
    `${SWITCH_OFF}  # on every controller, with all its other flags; then restart it`,
  );
}

/** `adopt` changes nothing that is there: it may be as an administrator wants it. */
const APPLY_ALL = 'autopilot manifests | kubectl apply --server-side --force-conflicts -f -';

const SETTLED_SIGNALS = new Set(['Completed', 'FailedDownload', 'Failed']);

function signalsOf({ hosts }: AdoptionFacts): AdoptionCheck[] {
  const left = hosts.flatMap(({ signal, ...host }) => (signal ? [{ ...host, signal }] : []));
  const open = left.filter(({ signal }) => !SETTLED_SIGNALS.has(signal.status ?? ''));
  const found = open.map(({ role, name, signal, version }) =>
    check(
      'todo',
      `${kindOf(role)} ${name}`,
      `a signal of k0s stands at ${signal.status ?? 'nothing yet'} (Plan id ${signal.planId}), and the machine runs ${version ?? 'an unknown version'}: an agent of k0s that is started again would go on with it`,
      `kubectl annotate ${role === 'worker' ? 'node' : 'controlnode'} ${name} k0sproject.io/autopilot-signal-version- k0sproject.io/autopilot-signal-data-`,
    ),
  );
  const done = left.length - open.length;
  return done === 0
    ? found
    : [
        ...found,
        check('note', 'signals', `${done} finished signals of k0s are left, which nobody reads`),
      ];
}

function kindsIn({
  missingObjects,
  outdatedObjects,
  missingFields,
}: AdoptionFacts): AdoptionCheck[] {
  const found: AdoptionCheck[] = [];
  if (missingFields.length > 0) {
    found.push(check('todo', 'kinds', describeMissing(missingFields), 'autopilot adopt'));
  }
  if (missingObjects.length > 0) {
    found.push(
      check('todo', 'installation', `not there: ${nameList(missingObjects)}`, 'autopilot adopt'),
    );
  }
  if (outdatedObjects.length > 0) {
    const sentence = `made by another release: ${outdatedObjects.join('; ')}`;
    found.push(check('todo', 'rights', sentence, APPLY_ALL));
  }
  return found.length > 0
    ? found
    : [check('ready', 'installation', 'our kinds, rights and admission policies are there')];
}

function agentsOf({ hosts }: AdoptionFacts): AdoptionCheck {
  const without = hosts.filter((host) => !host.hasAgent && !host.isOfController);
  if (without.length === 0) {
    return check('ready', 'agents', 'every machine has one that reports');
  }
  const names = nameList(without.map(({ role, name }) => `${kindOf(role)} ${name}`));
  return check(
    'todo',
    'agents',
    `none reports from ${names}: a Plan that names such a machine is refused`,
    'systemctl enable --now autopilot-settle autopilot-agent  # on each, see docs/usage/agent.md',
  );
}

/** What is ours already needs no word. */
function planOf(plan: TrimmedPlan, facts: AdoptionFacts): AdoptionCheck[] {
  const subject = `Plan ${plan.name}`;
  const isPast = plan.adopted !== undefined && plan.adopted >= plan.generation;
  const run = `autopilot adopt --run ${plan.name}`;
  if (isLeftHalfRun(plan)) {
    const sentence = `k0s left it as ${plan.status?.state}: ${truthOf(plan, facts)}`;
    if (isPast) return [check('note', subject, `${sentence}; it is left to the past`, run)];
    return [check('todo', subject, sentence, run, 'autopilot adopt')];
  }
  if (isTerminalState(plan.status?.state) && plan.status?.observedGeneration === undefined) {
    const sentence = `k0s has run it, and it ended ${plan.status?.state}; it does not run again by itself`;
    return [check('note', subject, sentence)];
  }
  if (isFromBefore(plan, facts.installedAtMs)) {
    const sentence =
      'it is older than our installation, has not begun, and does not run by surprise';
    if (isPast) return [check('note', subject, `${sentence}; it is left to the past`, run)];
    return [check('todo', subject, sentence, run, 'autopilot adopt')];
  }
  return [];
}

/** What each of its targets runs, against what it wants. */
function truthOf({ spec, status }: TrimmedPlan, { hosts }: AdoptionFacts): string {
  if ('invalid' in spec) return spec.invalid;
  const told = (status?.commands ?? []).flatMap((command) => {
    const wanted = spec.commands[command.id]?.k0supdate?.version;
    if (wanted === undefined) return [];
    const controllers = new Set(command.k0supdate?.controllers?.map(({ name }) => name));
    return targetsOf(command).map(({ name, state }) => {
      const role = controllers.has(name) ? 'controller' : 'worker';
      const runs = hosts.find((host) => host.role === role && host.name === name)?.version;
      const is = runs === undefined ? 'unknown version' : `runs ${runs}`;
      return `${name} ${is}${runs === wanted ? ', as wanted' : `, wanted ${wanted}`} (${state})`;
    });
  });
  return told.length === 0 ? 'it names no targets' : told.join('; ');
}

function versionsOf({ hosts }: AdoptionFacts): AdoptionCheck {
  const of = (role: Role) => {
    const all = hosts.filter((host) => host.role === role);
    const versions = [...new Set(all.map(({ version }) => version ?? 'unknown'))].sort();
    return `${all.length} ${role}s: ${versions.join(', ') || '-'}`;
  };
  return check('note', 'versions', `${of('controller')}; ${of('worker')}`);
}

/** Whether this cluster can go back to k0s's own, and what has to end first. */
export function judgeReturn(facts: AdoptionFacts): AdoptionCheck[] {
  const { leader, hosts, plans } = facts;
  const found: AdoptionCheck[] = [];
  if (leader.kind === 'alive') {
    found.push(
      check(
        'blocked',
        'leader',
        `our orchestrator leads (${leader.holder})`,
        'systemctl disable --now autopilot-controller  # on every controller, once nothing is under way',
      ),
    );
  }
  for (const plan of plans.filter(({ status }) => isUnderWay(status))) {
    found.push(
      check('blocked', `Plan ${plan.name}`, 'is under way', `autopilot abort ${plan.name} --wait`),
    );
  }
  const held = hosts.filter(({ isHeldByUs }) => isHeldByUs);
  if (held.length > 0) {
    const names = nameList(held.map(({ role, name }) => `${kindOf(role)} ${name}`));
    found.push(
      check(
        'blocked',
        'orders',
        `${names} have an order or a cordon of ours, which only our orchestrator takes back`,
        'systemctl start autopilot-controller',
      ),
    );
  }
  for (const plan of plans) {
    if (plan.name !== 'autopilot' || isTerminalState(plan.status?.state) || isUnderWay(plan.status))
      continue;
    found.push(
      check(
        'blocked',
        `Plan ${plan.name}`,
        'has not begun: k0s would run it as soon as its Autopilot is back',
        `kubectl delete plan ${plan.name}`,
      ),
    );
  }
  return found.length > 0 ? found : [check('ready', 'cluster', 'nothing of ours is under way')];
}

function kindOf(role: Role): string {
  return role === 'worker' ? 'Node' : 'ControlNode';
}
