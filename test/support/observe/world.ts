import { ANNOTATION } from '../../../src/api/meta.ts';
import { type Plan, planSchema, type Role, type TargetPhase } from '../../../src/api/plan.ts';
import type { RawControlNode, RawNode, RawObject } from '../../../src/kube/raw.ts';
import { parseReport, type Report, type Signal } from '../../../src/signals/report.ts';

export interface RawPod extends RawObject {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** Objects as the API server sends them, by name. */
export interface RawWorld {
  readonly nodes: ReadonlyMap<string, RawNode>;
  readonly controlNodes: ReadonlyMap<string, RawControlNode>;
  readonly plans: ReadonlyMap<string, RawObject>;
  /** Of the workload. */
  readonly pods: ReadonlyMap<string, RawPod>;
}

/** One host as an onlooker sees it. */
export interface HostView {
  readonly name: string;
  readonly role: Role;
  readonly zone: string | undefined;
  /** What its agent says that runs; else what the ControlNode or Node says. */
  readonly version: string | undefined;
  /** Of a Node; controllers have none. */
  readonly ready: boolean | undefined;
  readonly cordoned: boolean;
  /** The order annotation, as it is stored. */
  readonly orderText: string | undefined;
  readonly report: Report | undefined;
  /** The part of the report that speaks of the Plan's present run. */
  readonly signal: Signal | undefined;
  /** As the Plan has it. */
  readonly phase: TargetPhase | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly previousVersion: string | undefined;
}

/** Everything that can be seen from outside at one moment. */
export interface World {
  readonly hosts: readonly HostView[];
  readonly plan: Plan | undefined;
  /** Pods of the workload that are Ready and not on their way out: what a disruption budget counts. */
  readonly readyReplicas: number;
}

/** @param planName which Plan the hosts are seen through */
export function viewOf(raw: RawWorld, planName: string | undefined): World {
  const stored = planName === undefined ? undefined : raw.plans.get(planName);
  const plan = stored && planSchema.safeParse(stored).data;
  const hosts = [
    ...[...raw.controlNodes.values()].map((node) => hostView('controller', node, plan)),
    ...[...raw.nodes.values()].map((node) => hostView('worker', node, plan)),
  ];
  const byRoleThenName = (a: HostView, b: HostView) =>
    a.role === b.role ? a.name.localeCompare(b.name) : a.role === 'controller' ? -1 : 1;
  return {
    hosts: hosts.sort(byRoleThenName),
    plan,
    readyReplicas: [...raw.pods.values()].filter(counts).length,
  };
}

function hostView(role: Role, raw: RawNode & RawControlNode, plan: Plan | undefined): HostView {
  const { name, labels, annotations } = raw.metadata;
  const parsed = parseReport(annotations?.[ANNOTATION.report]);
  const report = parsed.kind === 'valid' ? parsed.value : undefined;
  // The last command that names the host: earlier ones are done with it.
  const target = plan?.status?.commands
    ?.flatMap(({ k0supdate }) => k0supdate?.[role === 'worker' ? 'workers' : 'controllers'] ?? [])
    .findLast((entry) => entry.name === name);
  const ready = raw.status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    name,
    role,
    zone: labels?.['topology.kubernetes.io/zone'],
    version:
      report?.host.k0sVersion ?? raw.status?.k0sVersion ?? raw.status?.nodeInfo?.kubeletVersion,
    ready: role === 'worker' ? ready?.status === 'True' : undefined,
    cordoned: raw.spec?.unschedulable === true,
    orderText: annotations?.[ANNOTATION.order],
    report,
    signal: isOfRun(report?.signal, plan) ? report?.signal : undefined,
    phase: target?.phase,
    reason: target?.reason,
    message: target?.message,
    previousVersion: target?.previousVersion,
  };
}

function isOfRun(signal: Signal | undefined, plan: Plan | undefined): boolean {
  const run = plan?.status?.runID;
  return run !== undefined && signal?.id.startsWith(`${run}.`) === true;
}

function counts({ metadata, status }: RawPod): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  );
}
