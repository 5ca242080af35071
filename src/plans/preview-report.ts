import { compareK0sVersions, minorsBetween, parseK0sVersion } from '../api/k0s-version.ts';
import type { CommandStatus, PlanSpec, Role, TargetStatus } from '../api/plan.ts';
import { type Policy, withDefaults } from '../api/policy.ts';
import { gateTerms } from '../api/policy-gates.ts';
import { WORKLOADS_GATE } from '../gates/gate-flaws.ts';
import { windowAt } from '../windows/window-at.ts';
import type { PlanFacts } from './facts.ts';
import { livePolicy } from './live-policy.ts';
import { runningVersion } from './preflight.ts';
import type { Begun, Preview, Stop } from './preview.ts';
import type { PreviewedDrain } from './preview-drains.ts';
import { targetsOf } from './progress.ts';

/** Targets that are begun in the same moment. */
export interface PreviewStep {
  readonly role: Role;
  readonly names: readonly string[];
  /** Of a controller that is a worker as well: its Node, which is emptied first. */
  readonly emptied?: string;
  /** Of workers of an update; the first is 1. */
  readonly batch?: number;
  /** From the beginning of the run. */
  readonly afterMs: number;
}

export interface CommandReport {
  readonly index: number;
  readonly kind: 'k0supdate' | 'airgapupdate';
  readonly wanted: string;
  readonly steps: readonly PreviewStep[];
  /** They have their version already. */
  readonly skipped: readonly string[];
  /** Version now, to the targets that run it; `unknown` where no agent tells. */
  readonly from: Readonly<Record<string, readonly string[]>>;
  /** The controller that makes the backup before anything is swapped. */
  readonly backupOn?: string;
  /** What a person approves, in this order: `Controllers`, `Batch/2`. */
  readonly approvals: readonly string[];
  /** Jobs that are begun: `hook warm-caches at BeforeBatch/2`. */
  readonly jobs: readonly string[];
  /** Gates that have to be passed, but for Jobs. */
  readonly gates: readonly string[];
}

/** The oldest and the newest of each kind, in the whole cluster. */
export interface Skew {
  readonly controllers: readonly [string, string] | undefined;
  readonly kubelets: readonly [string, string] | undefined;
  /** How many minor versions the oldest kubelet is behind the newest API server. */
  readonly minorsBehind: number | undefined;
}

/** All that a preview says, as data: what `-o json` prints. */
export interface PreviewReport {
  readonly plan: string;
  readonly outcome: Preview['outcome']['kind'];
  /** Why it would be stuck. */
  readonly reason?: string;
  readonly message?: string;
  readonly refusals: readonly { readonly reason: string; readonly message: string }[];
  readonly warnings: readonly { readonly reason: string; readonly message: string }[];
  /** What is not part of the judgement, and good to know. */
  readonly notes: readonly string[];
  readonly commands: readonly CommandReport[];
  readonly drains: readonly PreviewedDrain[];
  readonly skew: { readonly before: Skew; readonly after: Skew };
  readonly time: {
    readonly startsAt: string;
    readonly endsAt?: string;
    /** Of the run, the time outside of the windows included. */
    readonly durationMs?: number;
    /** When the window that is open now closes. */
    readonly closesAt?: string;
    readonly closed: readonly {
      readonly from: string;
      readonly to: string;
      readonly why: string;
    }[];
    readonly pace: Preview['pace'];
  };
}

export function reportOf(
  facts: PlanFacts,
  preview: Preview,
  beside: { readonly notes: readonly string[]; readonly drains: readonly PreviewedDrain[] },
): PreviewReport {
  const { outcome } = preview;
  const spec = 'invalid' in facts.plan.spec ? undefined : facts.plan.spec;
  return {
    plan: facts.plan.name,
    outcome: outcome.kind,
    ...(outcome.kind === 'stuck' ? { reason: outcome.reason, message: outcome.message } : {}),
    refusals: preview.refusals.map(({ reason, message }) => ({ reason, message })),
    warnings: preview.warnings,
    notes: beside.notes,
    commands:
      preview.status?.commands?.flatMap((command) => commandOf(command, spec, facts, preview)) ??
      [],
    drains: beside.drains,
    skew: { before: skewOf(facts), after: skewOf(preview.after) },
    time: timeOf(facts, preview),
  };
}

/** Nodes that would be emptied, in their order. */
export function drainedBy({ begun, status }: Preview): string[] {
  const isUpdate = (index: number) => status?.commands?.[index]?.k0supdate !== undefined;
  return begun
    .filter(({ role, command }) => role === 'worker' && isUpdate(command))
    .map(({ name }) => name);
}

function commandOf(
  command: CommandStatus,
  spec: PlanSpec | undefined,
  facts: PlanFacts,
  { begun, stops, status }: Preview,
): CommandReport[] {
  const { k0supdate, airgapupdate } = spec?.commands[command.id] ?? {};
  const one = k0supdate ?? airgapupdate;
  if (one === undefined) return [];
  const targets = targetsOf(command);
  const mine = begun.filter((each) => each.command === command.id);
  const stopsOf = (kind: Stop['kind']) =>
    stops.filter((each) => each.command === command.id && each.kind === kind).map(({ of }) => of);
  return [
    {
      index: command.id,
      kind: k0supdate === undefined ? 'airgapupdate' : 'k0supdate',
      wanted: one.version,
      steps: stepsOf(mine, targets, facts.nowMs),
      skipped: targets.filter(isThereAlready).map(({ name }) => name),
      from: k0supdate === undefined ? {} : versionsOf(targets),
      ...(command.backup === undefined ? {} : { backupOn: command.backup.node }),
      approvals: stopsOf('approval'),
      jobs: stopsOf('job'),
      gates: k0supdate === undefined ? [] : gatesOf(withDefaults(status?.policy ?? {})),
    },
  ];
}

/** `errors (AfterNode, Always)` */
function gatesOf({ gates, workloads }: Policy): string[] {
  const own = gates
    .filter(({ job }) => job === undefined)
    .map((gate) => `${gate.name} (${gateTerms(gate).when.join(', ')})`);
  return workloads === 'Gate' ? [...own, `${WORKLOADS_GATE} (AfterBatch)`] : own;
}

function isThereAlready({ reason }: TargetStatus): boolean {
  return reason === 'AlreadyUpdated';
}

function stepsOf(
  begun: readonly Begun[],
  targets: readonly TargetStatus[],
  startMs: number,
): PreviewStep[] {
  const batches = new Map(targets.map(({ name, batch }) => [name, batch]));
  const steps: (PreviewStep & { names: string[] })[] = [];
  const emptied = new Set(begun.map(({ controller }) => controller));
  for (const { role, name, controller, atMs } of begun) {
    const afterMs = atMs - startMs;
    // A hybrid is begun once, when its Node is cordoned.
    if (role === 'controller' && emptied.has(name)) continue;
    if (controller !== undefined) {
      steps.push({ role: 'controller', names: [controller], emptied: name, afterMs });
      continue;
    }
    const last = steps.at(-1);
    const batch = role === 'worker' ? batches.get(name) : undefined;
    if (last?.afterMs === afterMs && last.role === role) last.names.push(name);
    else steps.push({ role, names: [name], afterMs, ...(batch === undefined ? {} : { batch }) });
  }
  return steps;
}

function versionsOf(targets: readonly TargetStatus[]): Record<string, string[]> {
  const from: Record<string, string[]> = {};
  for (const { name, previousVersion = 'unknown' } of targets) {
    from[previousVersion] = [...(from[previousVersion] ?? []), name];
  }
  return from;
}

function skewOf({ controlNodes, nodes }: PlanFacts): Skew {
  const controllers = rangeOf(
    [...controlNodes.values()].map((one) => runningVersion(one) ?? one.k0sVersion),
  );
  const kubelets = rangeOf([...nodes.values()].map(({ kubeletVersion }) => kubeletVersion));
  const oldest = parseK0sVersion(kubelets?.[0] ?? '');
  const newest = parseK0sVersion(controllers?.[1] ?? '');
  return {
    controllers,
    kubelets,
    minorsBehind: oldest && newest ? minorsBetween(oldest, newest) : undefined,
  };
}

function rangeOf(versions: readonly (string | undefined)[]): [string, string] | undefined {
  const known = versions
    .map((text) => parseK0sVersion(text ?? ''))
    .filter((version) => version !== undefined)
    .toSorted(compareK0sVersions);
  return known[0] && [known[0].text, known.at(-1)!.text];
}

function timeOf(facts: PlanFacts, { outcome, closed, pace }: Preview): PreviewReport['time'] {
  const { windows = [], freezes = [] } = livePolicy(facts);
  const iso = (ms: number) => new Date(ms).toISOString();
  const hasWindows = windows.length + freezes.length > 0 && outcome.kind !== 'refused';
  const state = hasWindows ? windowAt(windows, freezes, facts.nowMs) : undefined;
  const startMs = closed[0]?.fromMs === facts.nowMs ? closed[0].toMs : facts.nowMs;
  return {
    startsAt: iso(startMs),
    ...(outcome.kind === 'completes'
      ? { endsAt: iso(outcome.atMs), durationMs: outcome.atMs - startMs }
      : {}),
    ...(state?.kind === 'open' && state.closesAtMs !== undefined
      ? { closesAt: iso(state.closesAtMs) }
      : {}),
    closed: closed.map(({ fromMs, toMs, message }) => ({
      from: iso(fromMs),
      to: iso(toMs),
      why: message,
    })),
    pace,
  };
}
