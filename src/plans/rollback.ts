import { minorsBetween, parseK0sVersion } from '../api/k0s-version.ts';
import type {
  Command,
  CommandStatus,
  PlanSpec,
  Role,
  RollbackStatus,
  TargetSpec,
  TargetStatus,
} from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import { isSettled } from '../signals/lifecycle.ts';
import { byName } from '../targets/order.ts';
import type { HostFacts, PlanFacts } from './facts.ts';
import { type KeptBinary, keptBinary } from './kept-binary.ts';
import { quarantineOf } from './quarantine.ts';

export type Left = NonNullable<RollbackStatus['left']>[number];

/** A run as far as a rollback of it is concerned. */
export interface RolledRun {
  readonly commands: readonly CommandStatus[];
  readonly spec: PlanSpec;
}

/** A target of a run that has its new version, and which that is. */
export interface Updated {
  readonly role: Role;
  readonly status: TargetStatus;
  readonly command: CommandStatus;
  readonly version: string;
  readonly limits: TargetSpec['limits'] | undefined;
}

export interface RollbackPlan {
  /** To be added behind those of the run: what a spec would say, and what is true of it at first. */
  readonly added: readonly { readonly spec: Command; readonly status: CommandStatus }[];
  readonly left: readonly Left[];
}

/**
 * Says how targets of a run are put back to the versions that they had before it: workers first, so that no
 * kubelet is ever newer than an API server (S7), then controllers; the newest updated first. Each host goes back
 * to what it has kept itself. What cannot go back is left, with the reason.
 */
export function planRollback(
  facts: PlanFacts,
  run: RolledRun,
  updated: readonly Updated[],
): RollbackPlan {
  const left: Left[] = [];
  const going: (Updated & { readonly kept: KeptBinary })[] = [];
  for (const one of updated) {
    const kept = wayBack(facts, run, one);
    if ('reason' in kept) left.push(kept);
    else going.push({ ...one, kept });
  }
  const order = going.toSorted(
    (a, b) =>
      Date.parse(b.status.lastUpdatedTimestamp) - Date.parse(a.status.lastUpdatedTimestamp) ||
      byName(b.status.name, a.status.name),
  );
  const groups = new Map<string, typeof order>();
  for (const role of ['worker', 'controller'] as const) {
    for (const one of order.filter((each) => each.role === role)) {
      const key = JSON.stringify([role, one.kept.version, one.limits]);
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
  }
  const first = run.spec.commands.length;
  const added = [...groups.values()].map((group, at) => commandFor(group, first + at, facts.nowMs));
  return { added, left };
}

/** All targets of the run that have its version, each with the last command that gave it one. */
export function updatedTargets(facts: PlanFacts, { commands, spec }: RolledRun): Updated[] {
  const found = new Map<string, Updated>();
  for (const command of commands) {
    const update = spec.commands[command.id]?.k0supdate;
    if (update === undefined || command.rollback === true) continue;
    for (const role of ['controller', 'worker'] as const) {
      for (const status of command.k0supdate?.[`${role}s`] ?? []) {
        if (!runsIt(facts, role, status, update.version)) continue;
        const limits = update.targets[`${role}s`]?.limits;
        found.set(`${role}/${status.name}`, {
          role,
          status,
          command,
          version: update.version,
          limits,
        });
      }
    }
  }
  return [...found.values()];
}

/** Committed, or failed in a way that left the new version in place: a host may confirm by its own policy. */
function runsIt(facts: PlanFacts, role: Role, status: TargetStatus, version: string): boolean {
  if (status.phase === 'Committed') return true;
  if (status.phase !== 'Failed') return false;
  const host = hostOf(facts, role, status.name);
  if (host?.report.kind !== 'valid') return false;
  const { host: found, signal } = host.report.value;
  const isAtRest = signal === undefined || isSettled(signal.phase);
  return isAtRest && found.k0sVersion === version && version !== status.previousVersion;
}

function wayBack(
  facts: PlanFacts,
  { commands }: RolledRun,
  { role, status, version }: Updated,
): KeptBinary | Left {
  const { name, previousVersion: before } = status;
  const left = (reason: Reason, message: string): Left => ({ name, reason, message });
  const host = hostOf(facts, role, name);
  if (host === undefined) {
    return left('NodeVanished', 'it is gone; if it comes back, put it back by hand or update it');
  }
  const kept = keptBinary(host);
  if (kept === undefined || parseK0sVersion(kept.version) === undefined) {
    const wanted = before ?? 'the version before the run';
    return left(
      'PreviousMissing',
      `wanted ${wanted}, and the host has kept ${kept === undefined ? 'none' : `one of which nobody knows the version`}; apply a Plan to ${wanted} for it`,
    );
  }
  if (before !== undefined && kept.version !== before) {
    return left(
      'PreviousMissing',
      `wanted ${before}, and the host has kept ${kept.version}; apply a Plan to ${before} for it`,
    );
  }
  if (role === 'controller' && !isSameMinor(version, kept.version)) {
    const backup = commands.findLast((one) => one.backup !== undefined)?.backup;
    const cure =
      backup === undefined
        ? 'restore a backup of your own'
        : `restore the backup ${backup.path} on ${backup.node}, made at ${backup.takenAt}`;
    return left(
      'DowngradeRefused',
      `it runs ${version}, and a controller does not go back across minor versions to ${kept.version}; mend it, or ${cure}`,
    );
  }
  const bad = quarantineOf(facts.quarantined, kept);
  if (bad !== undefined) {
    return left('Quarantined', `it has kept ${kept.version}, which is quarantined: ${bad}`);
  }
  return kept;
}

function isSameMinor(a: string, b: string): boolean {
  const [one, other] = [parseK0sVersion(a), parseK0sVersion(b)];
  return one !== undefined && other !== undefined && minorsBetween(one, other) === 0;
}

function commandFor(
  group: readonly (Updated & { readonly kept: KeptBinary })[],
  id: number,
  nowMs: number,
): RollbackPlan['added'][number] {
  const [{ role, kept, limits }] = group as [(typeof group)[number]];
  const nodes = group.map(({ status }) => status.name);
  const target: TargetSpec = {
    discovery: { static: { nodes } },
    limits: limits ?? { concurrent: 1 },
  };
  const entries = group.map(
    ({ status, version }): TargetStatus => ({
      name: status.name,
      state: 'SignalPending',
      lastUpdatedTimestamp: new Date(nowMs).toISOString(),
      phase: 'Pending',
      previousVersion: version,
      attempts: 1,
    }),
  );
  return {
    spec: {
      k0supdate: { version: kept.version, platforms: {}, targets: { [`${role}s`]: target } },
    },
    status: {
      id,
      state: 'SchedulableWait',
      rollback: true,
      k0supdate: {
        controllers: role === 'controller' ? entries : [],
        workers: role === 'worker' ? entries : [],
      },
    },
  };
}

function hostOf(facts: PlanFacts, role: Role, name: string): HostFacts | undefined {
  return role === 'worker' ? facts.nodes.get(name) : facts.controlNodes.get(name);
}
