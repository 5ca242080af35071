import * as z from 'zod';

/** Matches a Go duration as Kubernetes users write it: `90s`, `1h30m`, `250ms`. */
const GO_DURATION = /^(?=.)(?:\d+(?:\.\d+)?h)?(?:\d+(?:\.\d+)?m)?(?:\d+(?:\.\d+)?s)?(?:\d+ms)?$/;

const durationSchema = z.string().regex(GO_DURATION, 'wanted a duration such as 90s, 5m or 1h30m');

const wholeFromOne = z.number().int().min(1);

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
    })
    .optional()
    .describe('Health of a node that is on trial.'),
  settleTimeout: durationSchema
    .optional()
    .describe('How long a node may take to report a commit or an undo.'),
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
  readonly settleTimeoutMs: number;
}

/** What holds where no policy says anything: the safe choice, not the fast one. */
export const POLICY_DEFAULTS = {
  download: { concurrent: 5, timeout: '1h' },
  drain: { timeout: '5m' },
  acknowledgeTimeout: '90s',
  confirmTimeout: '5m',
  gate: { timeout: '4m' },
  settleTimeout: '2m',
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

/** @throws RangeError when the layers together cannot be met (a gate that outlasts its trial) */
export function withDefaults(layer: PolicyLayer): Policy {
  const d = POLICY_DEFAULTS;
  const policy: Policy = {
    downloadConcurrent: layer.download?.concurrent ?? d.download.concurrent,
    downloadTimeoutMs: durationMs(layer.download?.timeout ?? d.download.timeout),
    drainTimeoutMs: durationMs(layer.drain?.timeout ?? d.drain.timeout),
    acknowledgeTimeoutMs: durationMs(layer.acknowledgeTimeout ?? d.acknowledgeTimeout),
    confirmTimeoutMs: durationMs(layer.confirmTimeout ?? d.confirmTimeout),
    gateTimeoutMs: durationMs(layer.gate?.timeout ?? d.gate.timeout),
    settleTimeoutMs: durationMs(layer.settleTimeout ?? d.settleTimeout),
  };
  if (policy.gateTimeoutMs >= policy.confirmTimeoutMs) {
    throw new RangeError(
      `policy: gate.timeout (${policy.gateTimeoutMs / 1000}s) must be shorter than confirmTimeout ` +
        `(${policy.confirmTimeoutMs / 1000}s): a node must hear the verdict before it gives up waiting`,
    );
  }
  return policy;
}
