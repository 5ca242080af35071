import * as z from 'zod';

/** Matches a Go duration as Kubernetes users write it: `90s`, `1h30m`, `250ms`. */
const GO_DURATION = /^(?=.)(?:\d+(?:\.\d+)?h)?(?:\d+(?:\.\d+)?m)?(?:\d+(?:\.\d+)?s)?(?:\d+ms)?$/;

const durationSchema = z.string().regex(GO_DURATION, 'wanted a duration such as 90s, 5m or 1h30m');

const wholeFromOne = z.number().int().min(1);

/**
 * - `BeforeFirstController`: no healthy controller of a command is touched before one has been backed up
 * - `Never`: somebody else sees to it
 */
export const BACKUP_MODES = ['Never', 'BeforeFirstController'] as const;
export type BackupMode = (typeof BACKUP_MODES)[number];

/**
 * How updates are done. Every field may be left out; defaults are filled in by
 * {@link withDefaults} once all layers are merged, so that a layer can tell "not said" from
 * "said as the default".
 */
export const policySchema = z.strictObject({
  download: z
    .strictObject({
      concurrent: wholeFromOne.optional().describe('How many nodes may download at once.'),
      timeout: durationSchema
        .optional()
        .describe('How long a node may take to download and verify, retries included.'),
    })
    .optional()
    .describe('Staging: download and verification, before anything is taken away from a node.'),
  drain: z
    .strictObject({
      timeout: durationSchema
        .optional()
        .describe('How long a node may take to become empty before the run stops.'),
    })
    .optional()
    .describe('Emptying a worker through the Eviction API.'),
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
});
export type PolicyLayer = z.infer<typeof policySchema>;

/** A policy with nothing left open. Durations in milliseconds. */
export interface Policy {
  readonly downloadConcurrent: number;
  readonly downloadTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly acknowledgeTimeoutMs: number;
  readonly confirmTimeoutMs: number;
  readonly gateTimeoutMs: number;
  readonly gateStableMs: number;
  readonly settleTimeoutMs: number;
  readonly backupMode: BackupMode;
  readonly backupKeep: number;
  readonly backupTimeoutMs: number;
}

/** What holds where no policy says anything: the safe choice, not the fast one. */
export const POLICY_DEFAULTS = {
  download: { concurrent: 5, timeout: '1h' },
  drain: { timeout: '5m' },
  acknowledgeTimeout: '90s',
  confirmTimeout: '5m',
  // 3s: a release that serves and dies at once again is seen to die, and little is added to each controller.
  gate: { timeout: '4m', stable: '3s' },
  settleTimeout: '2m',
  // See docs/adr/0008-backup-before-controllers.md.
  backup: { mode: 'BeforeFirstController', keep: 3, timeout: '10m' },
} as const;

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** @returns milliseconds of a Go duration that {@link policySchema} has accepted */
export function durationMs(text: string): number {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    total += Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return total;
}

/** @throws RangeError when the layers together cannot be met (a gate that outlasts its trial, or can never be passed) */
export function withDefaults(layer: PolicyLayer): Policy {
  const d = POLICY_DEFAULTS;
  const policy: Policy = {
    downloadConcurrent: layer.download?.concurrent ?? d.download.concurrent,
    downloadTimeoutMs: durationMs(layer.download?.timeout ?? d.download.timeout),
    drainTimeoutMs: durationMs(layer.drain?.timeout ?? d.drain.timeout),
    acknowledgeTimeoutMs: durationMs(layer.acknowledgeTimeout ?? d.acknowledgeTimeout),
    confirmTimeoutMs: durationMs(layer.confirmTimeout ?? d.confirmTimeout),
    gateTimeoutMs: durationMs(layer.gate?.timeout ?? d.gate.timeout),
    gateStableMs: durationMs(layer.gate?.stable ?? d.gate.stable),
    settleTimeoutMs: durationMs(layer.settleTimeout ?? d.settleTimeout),
    backupMode: layer.backup?.mode ?? d.backup.mode,
    backupKeep: layer.backup?.keep ?? d.backup.keep,
    backupTimeoutMs: durationMs(layer.backup?.timeout ?? d.backup.timeout),
  };
  if (policy.backupTimeoutMs === 0) {
    throw new RangeError(
      'policy: backup.timeout must be longer than 0s; to make none, set mode: Never',
    );
  }
  if (policy.gateStableMs >= policy.gateTimeoutMs) {
    throw new RangeError(
      `policy: gate.stable (${policy.gateStableMs / 1000}s) must be shorter than gate.timeout ` +
        `(${policy.gateTimeoutMs / 1000}s): nothing could ever be healthy in time`,
    );
  }
  if (policy.gateTimeoutMs >= policy.confirmTimeoutMs) {
    throw new RangeError(
      `policy: gate.timeout (${policy.gateTimeoutMs / 1000}s) must be shorter than confirmTimeout ` +
        `(${policy.confirmTimeoutMs / 1000}s): a node must hear the verdict before it gives up waiting`,
    );
  }
  return policy;
}
