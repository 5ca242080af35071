import { compareK0sVersions, minorsBetween, parseK0sVersion } from '../api/k0s-version.ts';
import type { Command, K0sUpdate, PlanSpec, PlanState, Role } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import { discover } from '../targets/discovery.ts';
import { inOrder } from '../targets/order.ts';
import type { ControlNodeFacts, NodeFacts, PlanFacts } from './facts.ts';

/** A report may be this many heartbeats old before its agent counts as gone. */
const STALE_AFTER_HEARTBEATS = 2.5;

export interface Refusal {
  /** What k0s would have called it. */
  readonly state: PlanState;
  readonly reason: Reason;
  readonly message: string;
  /** The target concerned, so that it can be shown in the lists as well. */
  readonly target?: { readonly command: number; readonly role: Role; readonly name: string };
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
    const update = wellFormed(command, index, refusals);
    if (update === undefined) {
      commands.push({ controllers: [], workers: [] });
      return;
    }
    const resolved = resolve(update, index, facts, refusals);
    commands.push(resolved);
    checkHosts(update, index, resolved, facts, refusals);
    checkSkew(update, index, resolved, versions, refusals, warnings);
    if (resolved.workers.length > 0) checkBudgets(facts, warnings);
    for (const name of resolved.controllers) versions.set(key('controller', name), update.version);
    for (const name of resolved.workers) versions.set(key('worker', name), update.version);
  });
  return { commands, refusals, warnings };
}

function wellFormed(command: Command, index: number, refusals: Refusal[]): K0sUpdate | undefined {
  const refuse = (reason: Reason, message: string) =>
    refusals.push({ state: 'ApplyFailed', reason, message: `commands[${index}]: ${message}` });
  const { k0supdate: update, airgapupdate } = command;
  if (update !== undefined && airgapupdate !== undefined) {
    refuse(
      'CommandAmbiguous',
      'wanted k0supdate or airgapupdate, found both; make them two commands',
    );
    return undefined;
  }
  if (airgapupdate !== undefined) {
    refuse(
      'AirgapUpdateNotSupported',
      'airgapupdate is not supported by this release of Autopilot',
    );
    return undefined;
  }
  if (update === undefined) {
    refuse('CommandEmpty', 'wanted k0supdate, found neither k0supdate nor airgapupdate');
    return undefined;
  }
  const before = refusals.length;
  if (parseK0sVersion(update.version) === undefined) {
    refuse(
      'InvalidVersion',
      `k0supdate.version: wanted a k0s version such as v1.36.3+k0s.0, found ${JSON.stringify(update.version)}`,
    );
  }
  for (const [platform, { url, sha256 }] of Object.entries(update.platforms)) {
    const where = `k0supdate.platforms.${platform}`;
    if (!/^https?:\/\/[^/]/i.test(url) || !URL.canParse(url)) {
      refuse(
        'InvalidUrl',
        `${where}.url: wanted http:// or https://, found ${JSON.stringify(url)}`,
      );
    }
    if (sha256 !== undefined && sha256 !== '' && !/^[0-9a-f]{64}$/i.test(sha256)) {
      refuse(
        'InvalidDigest',
        `${where}.sha256: wanted 64 hex digits, found ${JSON.stringify(sha256)}`,
      );
    }
  }
  const concurrent = update.targets.workers?.limits.concurrent ?? 1;
  if (concurrent < 1) {
    refuse(
      'InvalidLimit',
      `k0supdate.targets.workers.limits.concurrent: wanted 1 or more, found ${concurrent}, with which no worker could ever start`,
    );
  }
  return refusals.length === before ? update : undefined;
}

function resolve(
  update: K0sUpdate,
  command: number,
  facts: PlanFacts,
  refusals: Refusal[],
): ResolvedCommand {
  const found = (role: Role): readonly string[] => {
    const target = role === 'controller' ? update.targets.controllers : update.targets.workers;
    const world = role === 'controller' ? facts.controlNodes : facts.nodes;
    const result = discover(target, world.values());
    if (result.kind === 'names') return result.names;
    refusals.push({
      state: 'IncompleteTargets',
      reason: 'InvalidSelector',
      message: `commands[${command}].k0supdate.targets.${role}s: ${result.message}; it selects nothing`,
    });
    return [];
  };
  const invalidBefore = refusals.length;
  const controllers = found('controller');
  // A hybrid is one machine with one binary: it is updated as a controller, once, or not at all.
  const workers = found('worker').filter((name) => !facts.controlNodes.has(name));
  if (controllers.length + workers.length === 0 && refusals.length === invalidBefore) {
    refusals.push({
      state: 'IncompleteTargets',
      reason: 'NoTargets',
      message: `commands[${command}].k0supdate.targets: wanted at least one target, found none: ${describeSelection(update)}`,
    });
  }
  const isReady = (role: Role, name: string): boolean =>
    role === 'controller'
      ? facts.controlNodes.get(name)?.apiServer.ready === 'True'
      : facts.nodes.get(name)?.ready === 'True';
  const sorted = (role: Role, names: readonly string[]) =>
    inOrder(names.map((name) => ({ name, ready: isReady(role, name) }))).map(({ name }) => name);
  return { controllers: sorted('controller', controllers), workers: sorted('worker', workers) };
}

function describeSelection(update: K0sUpdate): string {
  const parts = (['controllers', 'workers'] as const).map((role) => {
    const discovery = update.targets[role]?.discovery;
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
  update: K0sUpdate,
  command: number,
  resolved: ResolvedCommand,
  facts: PlanFacts,
  refusals: Refusal[],
): void {
  for (const [role, names] of [
    ['controller', resolved.controllers],
    ['worker', resolved.workers],
  ] as const) {
    const world: ReadonlyMap<string, NodeFacts | ControlNodeFacts> =
      role === 'controller' ? facts.controlNodes : facts.nodes;
    for (const name of names) {
      const refuse = (reason: Reason, message: string) =>
        refusals.push({
          state: 'IncompleteTargets',
          reason,
          message,
          target: { command, role, name },
        });
      const host = world.get(name);
      const kind = role === 'controller' ? 'ControlNode' : 'Node';
      if (host === undefined) {
        refuse('NodeMissing', `${kind} ${name} does not exist`);
        continue;
      }
      checkPlatform(update, host, kind, refuse);
      checkAgent(host, kind, refuse);
    }
  }
}

function checkPlatform(
  update: K0sUpdate,
  host: NodeFacts | ControlNodeFacts,
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
  host: NodeFacts | ControlNodeFacts,
  kind: string,
  refuse: (reason: Reason, message: string) => void,
): void {
  const { report } = host;
  if (report.kind !== 'valid') {
    const found = report.kind === 'absent' ? 'it has never reported' : report.message;
    refuse(
      'AgentMissing',
      `${kind} ${host.name} has no agent: ${found}; install it there, or leave the node out`,
    );
    return;
  }
  const staleMs = report.value.agent.heartbeatMs * STALE_AFTER_HEARTBEATS;
  if (host.reportAgeMs !== undefined && host.reportAgeMs > staleMs) {
    refuse(
      'AgentStale',
      `the agent of ${kind} ${host.name} last reported ${seconds(host.reportAgeMs)} ago, wanted at most ${seconds(staleMs)}; look at its log on that host`,
    );
  }
  if (!report.value.host.writable) {
    refuse(
      'HostNotWritable',
      `the agent of ${kind} ${host.name} cannot write beside ${report.value.host.binary}`,
    );
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
export function runningVersion(host: NodeFacts | ControlNodeFacts): string | undefined {
  return host.report.kind === 'valid' ? host.report.value.host.k0sVersion : undefined;
}

function key(role: Role, name: string): string {
  return `${role}/${name}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)}s`;
}
