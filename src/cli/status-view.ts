import {
  isTerminalState,
  type Role,
  type StoredPlanStatus,
  type TargetPhase,
  type TargetStatus,
} from '../api/plan.ts';
import type { TrimmedControlNode } from '../kube/trim-control-node.ts';
import type { TrimmedNode } from '../kube/trim-node.ts';
import type { TrimmedTarget } from '../kube/trim-signals.ts';
import { agentStanding, reportAgeMs } from '../plans/agent-standing.ts';
import type { Leader } from '../plans/explain.ts';
import { nodesOfControllers } from '../plans/hybrid.ts';
import { targetsOf } from '../plans/progress.ts';
import type { TrimmedPlan } from '../plans/trim-plan.ts';
import type { Signal } from '../signals/report.ts';
import { shareOf } from './print-phase.ts';

/** What is read of the cluster. */
export interface StatusWorld {
  readonly nowMs: number;
  /** By the API server's clock; undefined where it is not known. */
  readonly serverNowMs: number | undefined;
  readonly leader: Leader;
  readonly plans: readonly TrimmedPlan[];
  readonly nodes: readonly TrimmedNode[];
  readonly controlNodes: readonly TrimmedControlNode[];
}

export interface PlanLine {
  readonly name: string;
  readonly state: string;
  readonly done: number;
  readonly total: number;
  readonly version: string;
  readonly waitsFor: string;
  readonly ageMs: number;
}

export interface HostLine {
  readonly name: string;
  readonly role: Role;
  readonly version: string;
  readonly previousVersion: string | undefined;
  readonly phase: TargetPhase | undefined;
  /** The Plan that the phase is told by. */
  readonly plan: string | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  /** How long it has stood there. */
  readonly sinceMs: number | undefined;
  /** 0 to 1. */
  readonly share: number;
  /** False: its kubelet is not Ready; undefined of a controller. */
  readonly ready: boolean | undefined;
  readonly cordoned: boolean;
  readonly agent: 'fresh' | 'stale' | 'missing';
  readonly agentVersion: string | undefined;
  readonly reportAgeMs: number | undefined;
  /** What it can be put back to. */
  readonly kept: string | undefined;
  readonly freeBytes: number | undefined;
  readonly signal: Signal | undefined;
}

/** How things stand; what `-o json` prints. */
export interface StatusReport {
  readonly leader: Leader;
  readonly plans: readonly PlanLine[];
  readonly hosts: readonly HostLine[];
  /** Whether one of the Plans has failed, or was refused. */
  readonly failed: boolean;
}

/**
 * @param plan of these alone, with the hosts that it has as targets; undefined: all
 * @param node this host alone
 */
export function statusOf(
  world: StatusWorld,
  { plan, node }: { readonly plan?: string | undefined; readonly node?: string | undefined } = {},
): StatusReport {
  const plans = world.plans.filter(({ name }) => plan === undefined || name === plan);
  const told = newestTargets(plans);
  const ofControllers = nodesOfControllers(world.controlNodes, world.nodes);
  const hosts = [
    ...world.controlNodes.map((one) =>
      hostLine(
        one,
        { role: 'controller', version: one.k0sVersion, ready: undefined, cordoned: false },
        told,
        world,
      ),
    ),
    ...world.nodes
      // A hybrid is one host, whose agent reports on its ControlNode.
      .filter(({ name }) => !ofControllers.has(name))
      .map((one) =>
        hostLine(
          one,
          {
            role: 'worker',
            version: one.kubeletVersion,
            ready: one.ready === 'True',
            cordoned: one.unschedulable,
          },
          told,
          world,
        ),
      ),
  ];
  return {
    leader: world.leader,
    plans: plans.map((one) => planLine(one, world.nowMs)),
    hosts: hosts.filter(
      (host) =>
        (node === undefined || host.name === node) &&
        (plan === undefined || node !== undefined || told.has(keyOf(host))),
    ),
    failed: plans.some(
      ({ status }) => isTerminalState(status?.state) && status?.state !== 'Completed',
    ),
  };
}

function planLine({ name, status, spec, createdAtMs }: TrimmedPlan, nowMs: number): PlanLine {
  return {
    name,
    state: status?.state ?? 'Pending',
    done: status?.progress?.done ?? 0,
    total: status?.progress?.total ?? 0,
    version: status?.targetVersion ?? wantedVersion(spec),
    waitsFor: saidOf(status) ?? '',
    ageMs: Math.max(0, nowMs - createdAtMs),
  };
}

function wantedVersion(spec: TrimmedPlan['spec']): string {
  if ('invalid' in spec) return '';
  return (
    spec.commands.map((one) => (one.k0supdate ?? one.airgapupdate)?.version ?? '').at(-1) ?? ''
  );
}

/** What it waits for, or why it has failed. */
function saidOf(status: StoredPlanStatus | undefined): string | undefined {
  if (status === undefined) return undefined;
  const of = (wanted: string) =>
    status.conditions?.find(({ type, status: is }) => type === wanted && is === 'True')?.message;
  return isTerminalState(status.state) ? of('Failed') : (of('Waiting') ?? status.waitsFor);
}

interface Told {
  readonly plan: string;
  readonly target: TargetStatus;
}

/** Of each host the target of the Plan that moved it last, by role and name. */
function newestTargets(plans: readonly TrimmedPlan[]): ReadonlyMap<string, Told> {
  const told = new Map<string, Told>();
  for (const { name: plan, status } of plans) {
    for (const command of status?.commands ?? []) {
      const controllers = new Set(command.k0supdate?.controllers);
      for (const target of targetsOf(command)) {
        const key = keyOf({
          name: target.name,
          role: controllers.has(target) ? 'controller' : 'worker',
        });
        const known = told.get(key);
        if (
          known === undefined ||
          known.target.lastUpdatedTimestamp <= target.lastUpdatedTimestamp
        ) {
          told.set(key, { plan, target });
        }
      }
    }
  }
  return told;
}

function keyOf({ role, name }: { readonly role: Role; readonly name: string }): string {
  return `${role}/${name}`;
}

function hostLine(
  host: TrimmedTarget,
  seen: {
    readonly role: Role;
    readonly version: string | undefined;
    readonly ready: boolean | undefined;
    readonly cordoned: boolean;
  },
  told: ReadonlyMap<string, Told>,
  { nowMs, serverNowMs }: StatusWorld,
): HostLine {
  const { name } = host;
  const { role, ready, cordoned } = seen;
  const found = told.get(keyOf({ role, name }));
  const ageMs = reportAgeMs(host, serverNowMs);
  const report = host.report.kind === 'valid' ? host.report.value : undefined;
  const phase = found?.target.phase;
  const signal = report?.signal;
  const sinceMs = Date.parse(found?.target.lastUpdatedTimestamp ?? '');
  return {
    ...{ name, role, ready, cordoned, phase, signal },
    version: report?.host.k0sVersion ?? seen.version ?? '',
    previousVersion: found?.target.previousVersion,
    plan: found?.plan,
    reason: found?.target.reason,
    message: found?.target.message,
    sinceMs: Number.isNaN(sinceMs) ? undefined : Math.max(0, nowMs - sinceMs),
    share: shareOf({ phase, signal }),
    agent: agentStanding(host, serverNowMs).kind,
    agentVersion: report?.agent.version,
    reportAgeMs: ageMs,
    kept: report?.host.previous?.version,
    freeBytes: report?.host.freeBytes,
  };
}
