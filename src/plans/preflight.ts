import { compareK0sVersions, minorsBetween, parseK0sVersion } from '../api/k0s-version.ts';
import type { K0sUpdate, PlanSpec, PlanState, Role, TargetSpec } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import { isRemovedIn } from '../api/removed-apis.ts';
import { discover } from '../targets/discovery.ts';
import { inOrder } from '../targets/order.ts';
import { agentStanding } from './agent-standing.ts';
import { describeUse } from './api-check.ts';
import { isAvailable } from './availability.ts';
import type { HostFacts, NodeFacts, PlanFacts } from './facts.ts';
import { seemsGone } from './gone.ts';
import { controllerOfNode, NOT_DRAINED, workloadOf } from './hybrid.ts';
import { oddities } from './judge-spec.ts';
import { leftOut } from './left-out.ts';
import { quarantineOf } from './quarantine.ts';
import { deliveredTo } from './target.ts';
import { type Flaw, type Task, wellFormed } from './well-formed.ts';

export interface Refusal {
  /** What k0s would have called it. */
  readonly state: PlanState;
  readonly reason: Reason;
  readonly message: string;
  /** The target concerned, so that it can be shown in the lists as well. */
  readonly target?: { readonly command: number; readonly role: Role; readonly name: string };
  /** Of the state Warning: what k0s shows as the description of the command. */
  readonly warnsOf?: { readonly command: number; readonly description: string };
}

export interface Warning {
  readonly reason: Reason;
  readonly message: string;
}

/** Targets of one command, in the order in which they are updated. */
export interface ResolvedCommand {
  readonly controllers: readonly string[];
  readonly workers: readonly string[];
}

export interface Preflight {
  readonly commands: readonly ResolvedCommand[];
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly Warning[];
}

/**
 * Resolves the targets of every command and judges whether the run may begin. Everything found is
 * returned, not just the first, so that a user mends a Plan once.
 */
export function preflight(spec: PlanSpec, facts: PlanFacts): Preflight {
  const refusals: Refusal[] = [];
  const warnings: Warning[] = [];
  const commands: ResolvedCommand[] = [];
  /** What runs where once the commands before this one are done. */
  const versions = new Map<string, string | undefined>();
  for (const node of facts.nodes.values())
    versions.set(key('worker', node.name), runningVersion(node));
  for (const node of facts.controlNodes.values()) {
    versions.set(key('controller', node.name), runningVersion(node) ?? node.k0sVersion);
  }

  spec.commands.forEach((command, index) => {
    const task = wellFormed(command);
    if (!('kind' in task)) {
      refusals.push(...task.map((flaw) => refusalOf(flaw, index)));
      commands.push({ controllers: [], workers: [] });
      return;
    }
    checkApis(task, index, facts, refusals);
    const all = resolve(task, index, facts, refusals);
    commands.push(all);
    const resolved = withoutLeftOut(task, index, all, facts, warnings);
    checkHosts(task, index, resolved, facts, refusals);
    checkMachines(index, resolved, facts, warnings);
    // A bundle takes nothing away and changes no version, so it may go anywhere at any time.
    if (task.kind === 'airgapupdate') return;
    const { update } = task;
    checkQuarantine(update, index, resolved, facts, refusals);
    checkSkew(update, index, resolved, versions, refusals, warnings);
    if (isAnyDrained(resolved, facts)) checkBudgets(facts, warnings);
    for (const name of resolved.controllers) versions.set(key('controller', name), update.version);
    for (const name of resolved.workers) versions.set(key('worker', name), update.version);
  });
  // What forbids the run is said once.
  const isSaid = (reason: Reason) => refusals.some((refusal) => refusal.reason === reason);
  warnings.push(...oddities(spec).filter(({ reason }) => !isSaid(reason)));
  return { commands, refusals, warnings };
}

/** Those that would be updated as things are; a warning names the others. */
function withoutLeftOut(
  task: Task,
  command: number,
  { controllers, workers }: ResolvedCommand,
  facts: PlanFacts,
  warnings: Warning[],
): ResolvedCommand {
  const wanted = task.kind === 'k0supdate' ? parseK0sVersion(task.update.version) : undefined;
  const stay = (role: Role) => (name: string) => {
    const host = addressee(task, role, name, facts);
    const left = leftOut(host, wanted, facts.nowMs);
    if (left === undefined) return true;
    const message = `commands[${command}]: ${role} ${name} is left out: ${left.message}`;
    warnings.push({ reason: left.reason, message });
    return false;
  };
  return {
    controllers: controllers.filter(stay('controller')),
    workers: workers.filter(stay('worker')),
  };
}

/** The object that the order of a target would go to. */
function addressee(
  { kind }: Task,
  role: Role,
  name: string,
  facts: PlanFacts,
): HostFacts | undefined {
  if (kind === 'airgapupdate') return deliveredTo(facts, name).host;
  return role === 'worker' ? facts.nodes.get(name) : facts.controlNodes.get(name);
}

/** What is wrong with the text of the commands, whatever the world looks like. */
export function textRefusals(spec: PlanSpec): Refusal[] {
  return spec.commands.flatMap((command, index) => {
    const task = wellFormed(command);
    return 'kind' in task ? [] : task.map((flaw) => refusalOf(flaw, index));
  });
}

function refusalOf({ reason, message }: Flaw, command: number): Refusal {
  return { state: 'ApplyFailed', reason, message: `commands[${command}]: ${message}` };
}

function resolve(
  task: Task,
  command: number,
  facts: PlanFacts,
  refusals: Refusal[],
): ResolvedCommand {
  const targets = targetsOf(task);
  const path = `commands[${command}].${task.kind}${task.kind === 'k0supdate' ? '.targets' : ''}`;
  const found = (role: Role): readonly string[] => {
    const world = role === 'controller' ? facts.controlNodes : facts.nodes;
    const result = discover(targets[`${role}s`], world.values());
    if (result.kind === 'names') return result.names;
    refusals.push({
      state: 'IncompleteTargets',
      reason: 'InvalidSelector',
      message: `${path}.${role}s: ${result.message}; it selects nothing`,
    });
    return [];
  };
  const invalidBefore = refusals.length;
  const controllers = found('controller');
  const nodes = found('worker');
  // A hybrid is one machine with one binary: that is updated as a controller, once, or not at all.
  const workers =
    task.kind === 'airgapupdate'
      ? nodes
      : nodes.filter((name) => controllerOfNode(name, facts) === undefined);
  if (controllers.length + workers.length === 0 && refusals.length === invalidBefore) {
    refusals.push({
      state: 'IncompleteTargets',
      reason: 'NoTargets',
      message: `${path}: wanted at least one target, found none: ${describeSelection(task)}`,
    });
  }
  const isReady = (role: Role, name: string): boolean =>
    role === 'controller'
      ? facts.controlNodes.get(name)?.apiServer.ready === 'True'
      : isWorkerAvailable(facts.nodes.get(name));
  const sorted = (role: Role, names: readonly string[]) =>
    inOrder(names.map((name) => ({ name, ready: isReady(role, name) }))).map(({ name }) => name);
  return { controllers: sorted('controller', controllers), workers: sorted('worker', workers) };
}

/** As the schedule sees it: what we have cordoned ourselves is nobody's to repair. */
function isWorkerAvailable(node: NodeFacts | undefined): boolean {
  return isAvailable(node, node?.cordon?.ours === true);
}

function targetsOf(task: Task): { controllers?: TargetSpec; workers?: TargetSpec } {
  if (task.kind === 'airgapupdate') return { workers: task.update.workers };
  const { controllers, workers } = task.update.targets;
  return { ...(controllers && { controllers }), ...(workers && { workers }) };
}

function describeSelection(task: Task): string {
  const roles =
    task.kind === 'airgapupdate' ? ['workers' as const] : (['controllers', 'workers'] as const);
  const parts = roles.map((role) => {
    const discovery = targetsOf(task)[role]?.discovery;
    if (discovery?.static !== undefined) return `${role} by an empty static list`;
    if (discovery?.selector === undefined) return `no ${role}`;
    const { labels = '', fields = '' } = discovery.selector;
    const text = [
      labels && `labels ${JSON.stringify(labels)}`,
      fields && `fields ${JSON.stringify(fields)}`,
    ]
      .filter(Boolean)
      .join(' and ');
    return `${role} by ${text || 'an empty selector'}`;
  });
  return parts.join(', ');
}

function checkHosts(
  task: Task,
  command: number,
  resolved: ResolvedCommand,
  facts: PlanFacts,
  refusals: Refusal[],
): void {
  for (const [role, names] of [
    ['controller', resolved.controllers],
    ['worker', resolved.workers],
  ] as const) {
    for (const name of names) {
      const refuse = (reason: Reason, message: string) =>
        refusals.push({
          state: 'IncompleteTargets',
          reason,
          message,
          target: { command, role, name },
        });
      const target = role === 'controller' ? facts.controlNodes.get(name) : facts.nodes.get(name);
      if (target === undefined) {
        refuse('NodeMissing', `${kindOf(role)} ${name} does not exist`);
        continue;
      }
      const host = addressee(task, role, name, facts) ?? target;
      const kind = kindOf(host === target ? role : 'controller');
      checkPlatform(task.update, host, kind, refuse);
      const gone = role === 'controller' && seemsGone(facts.controlNodes.get(name)!, facts);
      if (gone) refuse('ControlNodeStale', `ControlNode ${name}: ${gone}`);
      else checkAgent(host, kind, facts.serverNowMs, refuse);
      if (task.kind === 'k0supdate') checkWritable(host, kind, refuse);
    }
  }
}

/** What is no reason to refuse, and good to know before it is met. */
function checkMachines(
  command: number,
  { controllers }: ResolvedCommand,
  facts: PlanFacts,
  warnings: Warning[],
): void {
  if (controllers.length === 0) return;
  for (const controlNode of facts.controlNodes.values()) {
    const { name } = controlNode;
    const gone = controllers.includes(name) ? undefined : seemsGone(controlNode, facts);
    if (gone !== undefined) {
      const message = `commands[${command}]: no controller is updated while ControlNode ${name} is not ready: ${gone}`;
      warnings.push({ reason: 'ControlNodeStale', message });
    }
  }
  for (const name of controllers) {
    const node = workloadOf(facts.controlNodes.get(name), facts.nodes);
    if (node === undefined || facts.nodes.size > 1) continue;
    const message = `commands[${command}]: controller ${name} is ${NOT_DRAINED}`;
    warnings.push({ reason: 'NotDrained', message });
  }
}

/** Workers are emptied, and controllers that are workers as well, but for the only Node. */
function isAnyDrained({ controllers, workers }: ResolvedCommand, facts: PlanFacts): boolean {
  const isWorkload = (name: string) =>
    workloadOf(facts.controlNodes.get(name), facts.nodes) !== undefined;
  return workers.length > 0 || (facts.nodes.size > 1 && controllers.some(isWorkload));
}

function kindOf(role: Role): string {
  return role === 'controller' ? 'ControlNode' : 'Node';
}

function checkPlatform(
  update: Task['update'],
  host: HostFacts,
  kind: string,
  refuse: (reason: Reason, message: string) => void,
): void {
  if (host.platform === undefined) {
    refuse(
      'PlatformMissing',
      `${kind} ${host.name} lacks the labels kubernetes.io/os and kubernetes.io/arch`,
    );
  } else if (update.platforms[host.platform] === undefined) {
    const known = Object.keys(update.platforms).join(', ') || 'none';
    refuse(
      'PlatformMissing',
      `${kind} ${host.name} is ${host.platform}; the Plan has artifacts for ${known}`,
    );
  }
}

function checkAgent(
  host: HostFacts,
  kind: string,
  serverNowMs: number | undefined,
  refuse: (reason: Reason, message: string) => void,
): void {
  const agent = agentStanding(host, serverNowMs);
  if (agent.kind === 'missing') {
    refuse(
      'AgentMissing',
      `${kind} ${host.name} has no agent: ${agent.why}; install it there, or leave the node out`,
    );
  } else if (agent.kind === 'stale') {
    refuse(
      'AgentStale',
      `the agent of ${kind} ${host.name} last reported ${seconds(agent.ageMs)} ago, wanted at most ${seconds(agent.toleratedMs)}; look at its log on that host`,
    );
  }
}

function checkWritable(
  { name, report }: HostFacts,
  kind: string,
  refuse: (reason: Reason, message: string) => void,
): void {
  if (report.kind === 'valid' && !report.value.host.writable) {
    refuse(
      'HostNotWritable',
      `the agent of ${kind} ${name} cannot write beside ${report.value.host.binary}`,
    );
  }
}

/** What an API server of the version would not serve any more, and is there. */
function checkApis(task: Task, command: number, facts: PlanFacts, refusals: Refusal[]): void {
  if (facts.apiCheck.kind === 'unknown') return;
  if (task.kind === 'k0supdate' && task.update.forceupdate === true) return;
  for (const use of facts.apiCheck.inUse) {
    if (!isRemovedIn(use.api.removedIn, task.update.version)) continue;
    const description = describeUse(use);
    refusals.push({
      state: 'Warning',
      reason: 'RemovedApiInUse',
      message: `commands[${command}].${task.kind}.version: ${task.update.version}: ${description}`,
      warnsOf: { command, description },
    });
  }
}

/** `forceupdate` waives no quarantine: it says that the version does not matter, not that the file is good. */
function checkQuarantine(
  update: K0sUpdate,
  command: number,
  { controllers, workers }: ResolvedCommand,
  facts: PlanFacts,
  refusals: Refusal[],
): void {
  const needed = new Set([
    ...controllers.map((name) => facts.controlNodes.get(name)?.platform),
    ...workers.map((name) => facts.nodes.get(name)?.platform),
  ]);
  for (const [platform, { sha256 }] of Object.entries(update.platforms)) {
    if (!sha256 || !needed.has(platform)) continue;
    const { version } = update;
    const bad = quarantineOf(facts.quarantined, { sha256, version });
    if (bad === undefined) continue;
    const where = `commands[${command}].k0supdate.platforms.${platform}`;
    refusals.push({ state: 'ApplyFailed', reason: 'Quarantined', message: `${where}: ${bad}` });
  }
}

function checkSkew(
  update: K0sUpdate,
  command: number,
  resolved: ResolvedCommand,
  versions: ReadonlyMap<string, string | undefined>,
  refusals: Refusal[],
  warnings: Warning[],
): void {
  const wanted = parseK0sVersion(update.version);
  if (wanted === undefined || update.forceupdate === true) return;
  const where = `commands[${command}].k0supdate.version ${update.version}`;
  for (const [role, names] of [
    ['controller', resolved.controllers],
    ['worker', resolved.workers],
  ] as const) {
    for (const name of names) {
      const current = parseK0sVersion(versions.get(key(role, name)) ?? '');
      // A host whose k0s is down has no version to compare; it is exactly the one to repair.
      if (current === undefined) continue;
      const minors = minorsBetween(current, wanted);
      if (minors < 0) {
        refusals.push({
          state: 'ApplyFailed',
          reason: 'DowngradeRefused',
          message: `${where}: ${role} ${name} runs ${current.text}; going back a minor version needs forceupdate, and a backup`,
        });
      } else if (role === 'controller' && !(minors <= 1)) {
        refusals.push({
          state: 'ApplyFailed',
          reason: 'SkewTooWide',
          message: `${where}: controller ${name} runs ${current.text}; controllers go one minor version at a time`,
        });
      } else if (compareK0sVersions(wanted, current) < 0) {
        warnings.push({
          reason: 'DowngradeRefused',
          message: `${where} is older than ${current.text}, which ${role} ${name} runs`,
        });
      }
    }
  }
  if (resolved.workers.length > 0) checkKubelets(where, wanted.text, resolved, versions, refusals);
}

/**
 * A budget that needs all of its pods refuses every eviction, for ever: whatever drain meets one of them
 * runs into its deadline. A warning, for the pods may be on none of the targets.
 */
function checkBudgets(facts: PlanFacts, warnings: Warning[]): void {
  for (const { namespace, name, expectedPods, desiredHealthy } of facts.budgets) {
    if (expectedPods === 0 || desiredHealthy < expectedPods) continue;
    const message = `disruption budget ${namespace}/${name} needs ${desiredHealthy} of its ${expectedPods} pods: a drain that meets one of them cannot end`;
    if (!warnings.some((warning) => warning.message === message)) {
      warnings.push({ reason: 'BudgetNeverMet', message });
    }
  }
}

/** Kubernetes's own rule: no kubelet of a newer minor version than any API server. */
function checkKubelets(
  where: string,
  version: string,
  resolved: ResolvedCommand,
  versions: ReadonlyMap<string, string | undefined>,
  refusals: Refusal[],
): void {
  const wanted = parseK0sVersion(version)!;
  for (const [id, text] of versions) {
    if (!id.startsWith('controller/')) continue;
    const name = id.slice('controller/'.length);
    if (resolved.controllers.includes(name)) continue;
    const current = parseK0sVersion(text ?? '');
    if (current === undefined || minorsBetween(current, wanted) <= 0) continue;
    refusals.push({
      state: 'ApplyFailed',
      reason: 'KubeletTooNew',
      message: `${where}: workers would be newer than the API server of controller ${name}, which runs ${current.text}; update it first, or in the same command`,
    });
  }
}

/** What the agent sees on the status socket of its host. */
export function runningVersion(host: HostFacts): string | undefined {
  return host.report.kind === 'valid' ? host.report.value.host.k0sVersion : undefined;
}

function key(role: Role, name: string): string {
  return `${role}/${name}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)}s`;
}
