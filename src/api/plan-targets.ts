import * as z from 'zod';
import { metadataSchema } from './meta.ts';
import { targetStatusSchema } from './plan.ts';

/** So many targets are in one object: below 200 kB, whatever they are called. */
export const TARGETS_IN_CHUNK = 400;
/** So many characters of what is no list of targets. */
export const REST_IN_CHUNK = 150_000;

/**
 * What of a target cannot be observed again. One that is on its way has no phase here: the order on it and the
 * answer to that tell where it stands.
 */
export const lastingTargetSchema = targetStatusSchema
  .pick({
    name: true,
    state: true,
    lastUpdatedTimestamp: true,
    startedAt: true,
    phase: true,
    reason: true,
    message: true,
    previousVersion: true,
    attempts: true,
    batch: true,
    cordoned: true,
  })
  .partial({ state: true, lastUpdatedTimestamp: true });
export type LastingTarget = z.infer<typeof lastingTargetSchema>;

export const planTargetsSpecSchema = z.object({
  plan: z.string().describe('Name of the Plan.'),
  planUID: z.string().describe('Which Plan of that name.'),
  runID: z.string().describe('The run that it is about.'),
  revision: z.number().int().describe('Grows with every write; the status of the Plan names it.'),
  targets: z
    .array(lastingTargetSchema)
    .max(TARGETS_IN_CHUNK)
    .optional()
    .describe('Workers of one command, in the order of its list.'),
  rest: z
    .string()
    .max(REST_IN_CHUNK)
    .optional()
    .describe('A piece of what else is too long for the status, as JSON.'),
});
export type PlanTargetsSpec = z.infer<typeof planTargetsSpecSchema>;

/** A part of the status of a Plan whose run is too large for one object. It goes with its Plan. */
export const planTargetsSchema = z.looseObject({
  metadata: metadataSchema,
  spec: planTargetsSpecSchema,
});
export type PlanTargets = z.infer<typeof planTargetsSchema>;
