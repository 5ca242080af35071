import * as z from 'zod';
import { durationMs, durationSchema } from './duration.ts';
import { SEVERITIES, type Severity } from './severities.ts';

export { SEVERITIES, type Severity } from './severities.ts';

const LEAST_POLL = "duration(self.poll) >= duration('1s')";

/** How channels are followed: for all UpdateConfigs in UpdatePolicy/default, for one in its `spec.follow`. */
export const followSchema = z
  .strictObject({
    poll: durationSchema
      .optional()
      .describe(
        'How long from one look at a periodic channel to the next, give or take a tenth; at least 1s.',
      ),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe(
        'IANA name of the time zone of days, startTime and cron. If not said, that of the orchestrator.',
      ),
    securityOnly: z
      .boolean()
      .optional()
      .describe('Only releases that mend a weakness, as the index says.'),
    patchOnly: z.boolean().optional().describe('Only releases of the minor version that runs.'),
    pin: z
      .string()
      .max(64)
      .optional()
      .describe(
        'Only this version, such as v1.36.3+k0s.0, or only this minor version, such as v1.36.',
      ),
    minAge: durationSchema
      .optional()
      .describe(
        'How old a release must be: since the index says that it was released, else since it was seen here first.',
      ),
    urgent: z
      .enum(SEVERITIES)
      .optional()
      .describe('A release that mends this, or worse, does not wait for minAge.'),
    early: z
      .strictObject({
        share: z
          .number()
          .int()
          .min(0)
          .max(100)
          .describe('How many clusters of a hundred go first; which ones follows from their ids.'),
        ahead: durationSchema.describe(
          'How long the other clusters wait after the release, beyond minAge.',
        ),
      })
      .optional()
      .describe('Lets a stable share of all clusters go first.'),
    proxy: z
      .string()
      .max(2_048)
      .optional()
      .describe(
        'Address of the HTTP proxy for update servers; empty: none. If not said, as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say.',
      ),
  })
  .meta({
    'x-kubernetes-validations': [
      { rule: `!has(self.poll) || ${LEAST_POLL}`, message: 'poll must be 1s at least' },
    ],
  });
export type FollowLayer = z.infer<typeof followSchema>;

/** How one channel is followed, with nothing left open. */
export interface Follow {
  readonly pollMs: number;
  /** Undefined: that of the orchestrator. */
  readonly timeZone: string | undefined;
  readonly securityOnly: boolean;
  readonly patchOnly: boolean;
  readonly pin: string | undefined;
  readonly minAgeMs: number;
  readonly urgent: Severity | undefined;
  readonly early: { readonly share: number; readonly aheadMs: number } | undefined;
  /** Undefined: as the environment says; empty: none. */
  readonly proxy: string | undefined;
}

/** What holds where nothing is said: what k0s does. */
export const FOLLOW_DEFAULTS = {
  poll: '10m',
  securityOnly: false,
  patchOnly: false,
  minAge: '0s',
} as const;

/** Lays what an UpdateConfig says over what the UpdatePolicy says, field by field. */
export function followOf(policy: FollowLayer, own: FollowLayer): Follow {
  const layer = { ...policy, ...own };
  return {
    pollMs: durationMs(layer.poll ?? FOLLOW_DEFAULTS.poll),
    timeZone: layer.timeZone,
    securityOnly: layer.securityOnly ?? FOLLOW_DEFAULTS.securityOnly,
    patchOnly: layer.patchOnly ?? FOLLOW_DEFAULTS.patchOnly,
    pin: layer.pin || undefined,
    minAgeMs: durationMs(layer.minAge ?? FOLLOW_DEFAULTS.minAge),
    urgent: layer.urgent,
    early: layer.early && {
      share: layer.early.share,
      aheadMs: durationMs(layer.early.ahead),
    },
    proxy: layer.proxy,
  };
}
