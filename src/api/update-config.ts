import * as z from 'zod';
import { followSchema, SEVERITIES } from './follow.ts';
import { conditionSchema, metadataSchema } from './meta.ts';
import { targetSchema, updateTargetsSchema } from './plan.ts';

export const STRATEGIES = ['periodic', 'cron'] as const;

const commandTemplateSchema = z
  .object({
    k0supdate: z
      .object({
        forceupdate: z
          .boolean()
          .optional()
          .describe('As of a Plan: update even where the version is already right.'),
        targets: updateTargetsSchema,
      })
      .optional()
      .describe('Replaces the k0s binary; version and artifacts come from the channel.'),
    airgapupdate: z
      .object({ workers: targetSchema.describe('Nodes that receive the bundle.') })
      .optional()
      .describe('Delivers the image bundle of the release to workers.'),
  })
  .describe('One command of the Plans that are made: exactly one of k0supdate and airgapupdate.');
export type CommandTemplate = z.infer<typeof commandTemplateSchema>;

export const updateConfigSpecSchema = z.object({
  channel: z
    .string()
    .default('stable')
    .describe('Which channel of the update server; may hold slashes, such as stable/v1.36.'),
  updateServer: z
    .string()
    .default('https://updates.k0sproject.io')
    .describe('Address of the update server; https where no scheme is said.'),
  upgradeStrategy: z
    .object({
      type: z
        .enum(STRATEGIES)
        .optional()
        .describe('How the server is asked, and when a Plan may be made.'),
      cron: z
        .string()
        .optional()
        .describe(
          'With type cron: when the server is asked, and a Plan made. Five fields, six with seconds first, @hourly and its like, or @every 1h.',
        ),
      periodic: z
        .object({
          days: z
            .array(z.string())
            .optional()
            .describe(
              'On which days a Plan may be made: Tuesday, Tuesdays or Tue. If none, every day.',
            ),
          startTime: z.string().optional().describe('Time of day from which on, such as 22:00.'),
          length: z.string().optional().describe('For how long, such as 2h; over midnight too.'),
        })
        .optional()
        .describe('With type periodic: when a Plan may be made.'),
    })
    .optional()
    .describe('When and how updates come about.'),
  planSpec: z
    .object({
      commands: z
        .array(commandTemplateSchema)
        .describe('The commands of the Plans. If none: every controller, then every worker.'),
    })
    .optional()
    .describe('The Plans that are made.'),
  follow: followSchema
    .optional()
    .describe('How this channel is followed: wins field by field over UpdatePolicy/default.'),
});
export type UpdateConfigSpec = z.infer<typeof updateConfigSpecSchema>;

const time = z.iso.datetime({ offset: true });

/** Why a release is not taken now. */
const skippedSchema = z.object({
  version: z.string().describe('The release.'),
  reason: z.string().describe('Why not, as one CamelCase word from the catalogue of reasons.'),
  message: z.string().describe('Why not, for a person.'),
  until: time.optional().describe('When that is over, where time alone ends it.'),
});
export type SkippedRelease = z.infer<typeof skippedSchema>;

const failureSchema = z.object({
  version: z.string().describe('The release.'),
  attempts: z.number().int().describe('How many Plans with it have failed.'),
  at: time.describe('When the last one ended.'),
  reason: z.string().describe('What it ended with.'),
  message: z.string().describe('The same for a person.'),
  undone: z.boolean().describe('Whether nodes had it and were put back.'),
  retryAt: time.optional().describe('When it may be tried again; absent: once a person says so.'),
});
export type FailedRelease = z.infer<typeof failureSchema>;

const exposureSchema = z.object({
  version: z.string().describe('The release.'),
  releasedAt: time.optional().describe('When it was released, as the index says.'),
  seenAt: time.describe('When the index told of it here first.'),
  severity: z.enum(SEVERITIES).optional().describe('The worst that it mends.'),
  cves: z.array(z.string()).optional().describe('What it mends.'),
  behind: z.number().int().describe('Machines that ran something older when last counted.'),
  nodeHours: z
    .number()
    .describe(
      'How long machines have run without it since it was released, all added up, in hours.',
    ),
  countedAt: time.describe('Until when that was added up.'),
  doneAt: time.optional().describe('Since when no machine has been behind it.'),
});
export type Exposure = z.infer<typeof exposureSchema>;

/** So much is remembered, the newest first. */
export const KEPT_SKIPPED = 10;
export const KEPT_FAILURES = 10;
export const KEPT_EXPOSURES = 20;
export const KEPT_EPOCHS = 10;

export const updateConfigStatusSchema = z.object({
  observedGeneration: z
    .number()
    .int()
    .optional()
    .describe('The generation of the spec that this speaks of.'),
  conditions: z
    .array(conditionSchema)
    .optional()
    .describe(
      'Accepted: whether the spec can be used. Followed: whether the server gave an answer that can be trusted. UpToDate: whether every machine has what the channel offers.',
    ),
  lastCheck: z
    .object({
      at: time.describe('When the server was asked.'),
      url: z.string().describe('What was asked for.'),
      reason: z.string().describe('What came of it, as one CamelCase word.'),
      message: z.string().describe('What came of it, for a person.'),
      failures: z
        .number()
        .int()
        .optional()
        .describe('How many looks in a row got no answer to use.'),
    })
    .optional()
    .describe('The last look at the channel.'),
  answeredAt: time.optional().describe('When the channel last gave an answer that can be used.'),
  nextCheckAt: time.optional().describe('When it is looked at next.'),
  currentVersion: z.string().optional().describe('What runs; the oldest of it, where it is mixed.'),
  channelVersion: z.string().optional().describe('The newest that the channel lists.'),
  nextVersion: z.string().optional().describe('What is taken next, or is being taken.'),
  window: z
    .object({
      opensAt: time.optional().describe('When it opens next, while it is closed.'),
      closesAt: time.optional().describe('When it closes, while it is open.'),
      text: z.string().describe('The same for a person, with its time zone.'),
    })
    .optional()
    .describe('When a Plan may be made.'),
  plan: z
    .object({
      name: z.string().describe('Name of the Plan.'),
      id: z.string().describe('Its spec.id: the UpdateConfig, the version, and which attempt.'),
      version: z.string().describe('What it brings.'),
      from: z.string().optional().describe('What ran before.'),
      madeAt: time.describe('When it was seen first.'),
      state: z
        .string()
        .optional()
        .describe("Its state: one of k0s's words; Deleted where it went away."),
      finishedAt: time.optional().describe('When it ended.'),
    })
    .optional()
    .describe('The last Plan that was made.'),
  skipped: z
    .array(skippedSchema)
    .max(KEPT_SKIPPED)
    .optional()
    .describe('Newer releases that are not taken, and why.'),
  failures: z
    .array(failureSchema)
    .max(KEPT_FAILURES)
    .optional()
    .describe('Releases that have failed here.'),
  releases: z
    .array(exposureSchema)
    .max(KEPT_EXPOSURES)
    .optional()
    .describe('Releases that were or are waited for, and for how long.'),
  epochs: z
    .array(
      z.object({
        url: z.string().describe('Where the index is.'),
        epoch: z.number().int().describe('Its epoch; an index with a lower one is refused.'),
        sha256: z.string().describe('Of what is signed; another index of that epoch is refused.'),
      }),
    )
    .max(KEPT_EPOCHS)
    .optional()
    .describe('The highest epochs that were accepted.'),
});
export type UpdateConfigStatus = z.infer<typeof updateConfigStatusSchema>;

/** Follows a channel: what it offers becomes a Plan when that may be. */
export const updateConfigSchema = z.looseObject({
  metadata: metadataSchema,
  spec: updateConfigSpecSchema,
  status: updateConfigStatusSchema.optional(),
});
export type UpdateConfig = z.infer<typeof updateConfigSchema>;
