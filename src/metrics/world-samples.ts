import { parseK0sVersion } from '../api/k0s-version.ts';
import { PLAN_STATES, type Role, type TargetStatus } from '../api/plan.ts';
import { isReason } from '../api/reasons.ts';
import { agentStanding } from '../plans/agent-standing.ts';
import type { ClusterView } from '../plans/cluster-view.ts';
import type { HostFacts } from '../plans/facts.ts';
import { nodesOfControllers } from '../plans/hybrid.ts';
import { isFinal } from '../plans/target.ts';
import { type LabelsOf, type MetricName, type Sample, sample } from './catalogue.ts';
import { targetsByRole } from './targets-by-role.ts';

/** Stands for a word that is none of ours: what others have written must not make labels without number. */
export const OTHER = 'Other';

const AGENT_VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.]{1,20})?$/;

/** The gauges that tell of the cluster, as it is seen now. */
export function worldSamples(world: ClusterView): Sample[] {
  return [
    ...planSamples(world),
    ...hostSamples(world),
    sample('autopilot_quarantined_artifacts', {}, world.quarantined),
    sample('autopilot_paused', {}, world.isPaused ? 1 : 0),
    sample('autopilot_api_writes_at_once', {}, world.writesAtOnce),
  ];
}

/** @returns the reason where it is of the catalogue */
export function reasonLabel(reason: string | undefined): string {
  return isReason(reason) ? reason : OTHER;
}

function planSamples({ plans, nowMs }: ClusterView): Sample[] {
  const states = new Tally('autopilot_plans');
  const waits = new Tally('autopilot_plan_waits');
  const targets = new Tally('autopilot_targets');
  const targetWaits = new Tally('autopilot_target_waits');
  const longest = new Map<string, number>();
  // A state that no Plan is in is 0, and not unknown: alerts compare with it.
  for (const state of ['Pending', ...PLAN_STATES]) states.add({ state }, 0);
  for (const plan of plans) {
    states.add({ state: stateLabel(plan.status?.state) }, 1);
    for (const { role, target } of targetsByRole(plan.status?.commands ?? [])) {
      const { phase, reason } = target;
      targets.add({ role, phase: phase ?? OTHER }, 1);
      if (phase !== undefined && !isFinal(phase) && reason !== undefined) {
        targetWaits.add({ reason: reasonLabel(reason) }, 1);
      }
    }
    const waiting = plan.status?.conditions?.find(
      ({ type, status }) => type === 'Waiting' && status === 'True',
    );
    if (waiting === undefined) continue;
    const reason = reasonLabel(waiting.reason);
    waits.add({ reason }, 1);
    const moved = Math.max(
      Date.parse(waiting.lastTransitionTime) || plan.createdAtMs,
      ...targetsByRole(plan.status?.commands ?? []).map(({ target }) => movedAtMs(target)),
    );
    const seconds = Math.max(0, nowMs - moved) / 1000;
    longest.set(reason, Math.max(longest.get(reason) ?? 0, seconds));
  }
  return [
    ...states.samples(),
    ...waits.samples(),
    ...targets.samples(),
    ...targetWaits.samples(),
    ...[...longest].map(([reason, seconds]) =>
      sample('autopilot_plan_wait_seconds', { reason }, seconds),
    ),
  ];
}

function stateLabel(state: string | undefined): string {
  if (state === undefined || state === '') return 'Pending';
  return PLAN_STATES.some((known) => known === state) ? state : OTHER;
}

function movedAtMs({ lastUpdatedTimestamp }: TargetStatus): number {
  return Date.parse(lastUpdatedTimestamp) || 0;
}

function hostSamples({ nodes, controlNodes, serverNowMs }: ClusterView): Sample[] {
  const agents = new Tally('autopilot_agents');
  const versions = new Tally('autopilot_agent_versions');
  const hosts = new Tally('autopilot_hosts');
  const tell = (role: Role, host: HostFacts) => {
    agents.add({ role, state: agentStanding(host, serverNowMs).kind }, 1);
    const report = host.report.kind === 'valid' ? host.report.value : undefined;
    const running = report?.host.k0sVersion;
    const isK0s = running !== undefined && parseK0sVersion(running) !== undefined;
    hosts.add({ role, version: isK0s ? running : 'unknown' }, 1);
    if (report === undefined) return;
    const { version } = report.agent;
    versions.add({ version: AGENT_VERSION.test(version) ? version : OTHER }, 1);
  };
  for (const host of controlNodes.values()) tell('controller', host);
  // A hybrid is one host with one agent, which reports on its ControlNode.
  const ofControllers = nodesOfControllers(controlNodes.values(), nodes.values());
  for (const host of nodes.values()) if (!ofControllers.has(host.name)) tell('worker', host);
  return [...agents.samples(), ...versions.samples(), ...hosts.samples()];
}

/** Counts what has the same labels. */
class Tally<N extends MetricName> {
  readonly #name: N;
  readonly #counts = new Map<string, { labels: LabelsOf<N>; value: number }>();

  constructor(name: N) {
    this.#name = name;
  }

  add(labels: LabelsOf<N>, value: number): void {
    const key = JSON.stringify(labels);
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { labels, value });
    else known.value += value;
  }

  samples(): Sample[] {
    return [...this.#counts.values()].map(({ labels, value }) => sample(this.#name, labels, value));
  }
}
