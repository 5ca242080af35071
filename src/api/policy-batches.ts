import * as z from 'zod';
import { countOrPercent } from './count-or-percent.ts';
import { durationSchema } from './duration.ts';

/**
 * What the zones of workers mean for their order.
 * - `Ignore`: nothing
 * - `OneByOne`: a zone is finished before the next one is begun
 * - `Spread`: neighbours in the order are of different zones, as far as there are any
 */
export const ZONE_ORDERS = ['Ignore', 'OneByOne', 'Spread'] as const;
export type ZoneOrder = (typeof ZONE_ORDERS)[number];

/**
 * Where a run waits until a person has looked.
 * - `BeforeControllers`: before the first controller of a command is touched
 * - `BeforeWorkers`: before its first worker is
 * - `BeforeEachBatch`: before each batch of its workers
 */
export const APPROVALS = ['BeforeControllers', 'BeforeWorkers', 'BeforeEachBatch'] as const;
export type Approval = (typeof APPROVALS)[number];

export const batchFields = {
  batches: z
    .strictObject({
      ramp: z
        .array(countOrPercent(1))
        .min(1)
        .max(20)
        .optional()
        .describe(
          'How many workers each batch holds, such as [1, 10%, 50%]: numbers, or percentages of the workers of the command, rounded down, but at least one. The last one is repeated. Not said: all workers are one batch. Within a batch maxUnavailable holds.',
        ),
      canaries: z
        .array(z.string().min(1).max(253))
        .max(50)
        .optional()
        .describe('Names of workers that are the first batch, where a command has them.'),
      zones: z
        .enum(ZONE_ORDERS)
        .optional()
        .describe(
          'What the zones of workers mean for their order: `Ignore`; `OneByOne`, one is finished before the next is begun; `Spread`, neighbours are of different zones.',
        ),
      zoneLabel: z
        .string()
        .min(1)
        .max(317)
        .optional()
        .describe('The label of a Node that names its zone.'),
      soak: durationSchema
        .optional()
        .describe('How long after a batch the next one is not begun, while gates are asked.'),
    })
    .optional()
    .describe('Which workers are updated together, and in which order.'),
  approvals: z
    .array(z.enum(APPROVALS))
    .max(3)
    .optional()
    .describe(
      'Where a run waits for a person: `BeforeControllers`, `BeforeWorkers`, `BeforeEachBatch`.',
    ),
};
