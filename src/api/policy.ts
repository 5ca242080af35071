import * as z from 'zod';
import { type CountOrPercent, countOrPercent } from './count-or-percent.ts';
import { durationMs, durationSchema } from './duration.ts';
import { type Approval, batchFields, type ZoneOrder } from './policy-batches.ts';
import { type DrainOrder, type DrainOutcome, type DrainRule, drainFields } from './policy-drain.ts';
import { type FailureOutcome, failureFields, type RollbackScope } from './policy-failure.ts';
import { type GateSpec, gateFields, type WorkloadMode } from './policy-gates.ts';
import { type HookSpec, hookFields } from './policy-hooks.ts';
import { freezesSchema, windowsSchema } from './policy-time.ts';

const wholeFromOne = z.number().int().min(1);

/**
 * - `Smaller`: of a Plan's `limits.concurrent` and the policy, the smaller one
 * - `Override`: the policy alone
 */
export const LIMITS = ['Smaller', 'Override'] as const;
export type Limits = (typeof LIMITS)[number];

/**
 * - `BeforeFirstController`: no healthy controller of a command is touched before one has been backed up
 * - `Never`: somebody else sees to it
 */
export const BACKUP_MODES = ['Never', 'BeforeFirstController'] as const;
export type BackupMode = (typeof BACKUP_MODES)[number];

/**
 * - `Never`: each Plan runs in its turn
 * - `Waiting`: of Plans that wait for the same targets, the later patch alone
 */
export const SUPERSEDES = ['Never', 'Waiting'] as const;

/** Said of a whole layer where the API server sees it; of the merged ones {@link policyFlaws} says the same. */
const LAYER_RULES = [
  {
    rule: '!has(self.gate) || !has(self.gate.timeout) || !has(self.confirmTimeout) || duration(self.gate.timeout) < duration(self.confirmTimeout)',
    message:
      'gate.timeout must be shorter than confirmTimeout: a node must hear the verdict before it gives up waiting',
  },
  {
    rule: '!has(self.gate) || !has(self.gate.timeout) || !has(self.gate.stable) || duration(self.gate.stable) < duration(self.gate.timeout)',
    message: 'gate.stable must be shorter than gate.timeout: nothing could ever be healthy in time',
  },
  {
    rule: "!has(self.drain) || !has(self.drain.gracePeriod) || duration(self.drain.gracePeriod) > duration('0s')",
    message:
      'drain.gracePeriod must be longer than 0s: at 0s a pod is forgotten while it still runs',
  },
];

/** What is frozen when a run begins. */
const frozenFields = {
  download: z
    .strictObject({
      concurrent: wholeFromOne.optional().describe('How many nodes may download at once.'),
      timeout: durationSchema
        .optional()
        .describe('How long a node may take to download and verify, retries included.'),
    })
    .optional()
    .describe('Staging: download and verification, before anything is taken away from a node.'),
  maxUnavailable: countOrPercent(1)
    .optional()
    .describe(
      'How many workers of a command may be unavailable at once: a number, or a percentage of those that exist, rounded down, but at least one.',
    ),
  limits: z
    .enum(LIMITS)
    .optional()
    .describe(
      'What the `limits.concurrent` of a Plan counts beside this policy: `Smaller`, the smaller of both; `Override`, the policy alone.',
    ),
  ...batchFields,
  ...failureFields,
  ...drainFields,
  acknowledgeTimeout: durationSchema
    .optional()
    .describe('How long an agent may take to answer an order at all.'),
  confirmTimeout: durationSchema
    .optional()
    .describe('How long an applied update may stay unconfirmed before the node undoes it alone.'),
  gate: z
    .strictObject({
      timeout: durationSchema
        .optional()
        .describe('How long a restarted node may take to be healthy; shorter than confirmTimeout.'),
      stable: durationSchema
        .optional()
        .describe(
          'How long the API server of an updated controller must have been ready without a break before the update is kept.',
        ),
    })
    .optional()
    .describe('Health of a node that is on trial.'),
  settleTimeout: durationSchema
    .optional()
    .describe('How long a node may take to report a commit or an undo.'),
  backup: z
    .strictObject({
      mode: z
        .enum(BACKUP_MODES)
        .optional()
        .describe(
          'Whether `k0s backup` is run before the first controller of a command is touched: `BeforeFirstController` or `Never`. A controller whose API server is down is repaired without one.',
        ),
      keep: wholeFromOne
        .optional()
        .describe('How many backups stay on a controller, the newest included.'),
      timeout: durationSchema.optional().describe('How long a backup may take.'),
    })
    .optional()
    .describe('The backup that a controller is restored from where an undo is not enough.'),
  ...gateFields,
  ...hookFields,
};

/** What is read anew at every look, also while a run is under way. */
const liveFields = {
  paused: z
    .boolean()
    .optional()
    .describe(
      'Nothing new is begun while this is true, anywhere; what is in flight settles. True in any layer holds.',
    ),
  windows: windowsSchema
    .optional()
    .describe(
      'When a node may be begun: while one of these is open. None: at any time. What is in flight when it closes is brought to its end.',
    ),
  freezes: freezesSchema
    .optional()
    .describe('When no node may be begun, whatever the windows say.'),
  supersede: z
    .enum(SUPERSEDES)
    .optional()
    .describe(
      'Whether a Plan takes the place of one that was applied before it and has not begun: `Never`, or `Waiting`, where both hold one k0supdate, this one brings a later patch of the same minor version, and to all targets of the other, which then ends with reason Superseded.',
    ),
};

/**
 * How updates are done. Every field may be left out; defaults are filled in by
 * {@link withDefaults} once all layers are merged, so that a layer can tell "not said" from
 * "said as the default".
 */
export const policySchema = withRules(z.strictObject({ ...frozenFields, ...liveFields }));

/** What is said against a layer holds for whatever extends it. */
export function withRules<T extends z.ZodType>(layer: T): T {
  return layer.meta({ 'x-kubernetes-validations': LAYER_RULES });
}

/** The part of a merged policy that a run keeps from its beginning to its end. */
export const frozenPolicySchema = z.strictObject(frozenFields);
export type FrozenPolicy = z.infer<typeof frozenPolicySchema>;
export type PolicyLayer = z.infer<typeof policySchema>;

/** A policy with nothing left open. Durations in milliseconds. */
export interface Policy {
  readonly downloadConcurrent: number;
  readonly downloadTimeoutMs: number;
  /** Undefined: a Plan's own limit holds alone. */
  readonly maxUnavailable: CountOrPercent | undefined;
  readonly limits: Limits;
  /** Undefined: all workers of a command are one batch. */
  readonly ramp: readonly CountOrPercent[] | undefined;
  readonly canaries: readonly string[];
  readonly zones: ZoneOrder;
  readonly zoneLabel: string;
  readonly soakMs: number;
  readonly approvals: readonly Approval[];
  readonly maxFailures: CountOrPercent;
  readonly onFailure: FailureOutcome;
  readonly rollbackScope: RollbackScope;
  readonly drainTimeoutMs: number;
  readonly drainOutcome: DrainOutcome;
  /** Undefined: what each pod itself says. */
  readonly drainGraceMs: number | undefined;
  readonly drainEmptyDir: DrainRule;
  readonly drainUnmanaged: DrainRule;
  /** Label selector; undefined: none is skipped. */
  readonly drainSkipPods: string | undefined;
  readonly drainOrder: DrainOrder;
  readonly softTaint: boolean;
  readonly acknowledgeTimeoutMs: number;
  readonly confirmTimeoutMs: number;
  readonly gateTimeoutMs: number;
  readonly gateStableMs: number;
  readonly settleTimeoutMs: number;
  readonly backupMode: BackupMode;
  readonly backupKeep: number;
  readonly backupTimeoutMs: number;
  readonly gates: readonly GateSpec[];
  readonly workloads: WorkloadMode;
  readonly workloadsTimeoutMs: number;
  readonly workloadsIgnore: readonly string[];
  readonly hooks: readonly HookSpec[];
}

/** What holds where no policy says anything: the safe choice, not the fast one. */
export const POLICY_DEFAULTS = {
  download: { concurrent: 5, timeout: '1h' },
  // A Plan's own `limits.concurrent`.
  maxUnavailable: undefined,
  limits: 'Smaller',
  batches: {
    ramp: undefined,
    canaries: undefined,
    zones: 'Ignore',
    zoneLabel: 'topology.kubernetes.io/zone',
    soak: '0s',
  },
  approvals: undefined,
  maxFailures: 0,
  onFailure: 'RollBack',
  rollback: { scope: 'Node' },
  drain: {
    timeout: '5m',
    onTimeout: 'Stop',
    gracePeriod: undefined,
    emptyDir: 'Evict',
    unmanaged: 'Evict',
    skipPods: undefined,
    order: 'Together',
    softTaint: true,
  },
  acknowledgeTimeout: '90s',
  confirmTimeout: '5m',
  // 3s: a release that serves and dies at once again is seen to die, and little is added to each controller.
  gate: { timeout: '4m', stable: '3s' },
  settleTimeout: '2m',
  // See docs/adr/0008-backup-before-controllers.md.
  backup: { mode: 'BeforeFirstController', keep: 3, timeout: '10m' },
  gates: undefined,
  workloads: { mode: 'Gate', timeout: '5m', ignoreNamespaces: undefined },
  hooks: undefined,
  paused: false,
  windows: undefined,
  freezes: undefined,
  supersede: 'Never',
} as const;

/** @param layer merged, and without {@link policyFlaws} */
export function withDefaults(layer: FrozenPolicy): Policy {
  const d = POLICY_DEFAULTS;
  return {
    downloadConcurrent: layer.download?.concurrent ?? d.download.concurrent,
    downloadTimeoutMs: durationMs(layer.download?.timeout ?? d.download.timeout),
    maxUnavailable: layer.maxUnavailable ?? d.maxUnavailable,
    limits: layer.limits ?? d.limits,
    ramp: layer.batches?.ramp,
    canaries: layer.batches?.canaries ?? [],
    zones: layer.batches?.zones ?? d.batches.zones,
    zoneLabel: layer.batches?.zoneLabel ?? d.batches.zoneLabel,
    soakMs: durationMs(layer.batches?.soak ?? d.batches.soak),
    approvals: layer.approvals ?? [],
    maxFailures: layer.maxFailures ?? d.maxFailures,
    onFailure: layer.onFailure ?? d.onFailure,
    rollbackScope: layer.rollback?.scope ?? d.rollback.scope,
    drainTimeoutMs: durationMs(layer.drain?.timeout ?? d.drain.timeout),
    drainOutcome: layer.drain?.onTimeout ?? d.drain.onTimeout,
    drainGraceMs:
      layer.drain?.gracePeriod === undefined ? undefined : durationMs(layer.drain.gracePeriod),
    drainEmptyDir: layer.drain?.emptyDir ?? d.drain.emptyDir,
    drainUnmanaged: layer.drain?.unmanaged ?? d.drain.unmanaged,
    drainSkipPods: layer.drain?.skipPods || undefined,
    drainOrder: layer.drain?.order ?? d.drain.order,
    softTaint: layer.drain?.softTaint ?? d.drain.softTaint,
    acknowledgeTimeoutMs: durationMs(layer.acknowledgeTimeout ?? d.acknowledgeTimeout),
    confirmTimeoutMs: durationMs(layer.confirmTimeout ?? d.confirmTimeout),
    gateTimeoutMs: durationMs(layer.gate?.timeout ?? d.gate.timeout),
    gateStableMs: durationMs(layer.gate?.stable ?? d.gate.stable),
    settleTimeoutMs: durationMs(layer.settleTimeout ?? d.settleTimeout),
    backupMode: layer.backup?.mode ?? d.backup.mode,
    backupKeep: layer.backup?.keep ?? d.backup.keep,
    backupTimeoutMs: durationMs(layer.backup?.timeout ?? d.backup.timeout),
    gates: layer.gates ?? [],
    workloads: layer.workloads?.mode ?? d.workloads.mode,
    workloadsTimeoutMs: durationMs(layer.workloads?.timeout ?? d.workloads.timeout),
    workloadsIgnore: layer.workloads?.ignoreNamespaces ?? [],
    hooks: layer.hooks ?? [],
  };
}
