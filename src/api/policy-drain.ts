import * as z from 'zod';
import { durationSchema } from './duration.ts';

/**
 * What becomes of a node that is not empty at its deadline.
 * - `Stop`: it has failed, and is given back
 * - `Skip`: it is given back and passed over; the others go on
 * - `Force`: it is updated with the pods that are left; none is deleted
 */
export const DRAIN_OUTCOMES = ['Stop', 'Skip', 'Force'] as const;
export type DrainOutcome = (typeof DRAIN_OUTCOMES)[number];

/**
 * What is done about pods that lose something when they are evicted.
 * - `Evict`: they go like all others
 * - `Block`: they are left alone, and the drain waits until somebody has moved them
 */
export const DRAIN_RULES = ['Evict', 'Block'] as const;
export type DrainRule = (typeof DRAIN_RULES)[number];

/**
 * In which order pods are evicted.
 * - `Together`: all at once, as their budgets allow
 * - `LowPriorityFirst`: those of a higher priority only when those of a lower one are gone
 */
export const DRAIN_ORDERS = ['Together', 'LowPriorityFirst'] as const;
export type DrainOrder = (typeof DRAIN_ORDERS)[number];

export const drainFields = {
  drain: z
    .strictObject({
      timeout: durationSchema.optional().describe('How long a node may take to become empty.'),
      onTimeout: z
        .enum(DRAIN_OUTCOMES)
        .optional()
        .describe(
          'What then: `Stop`, it has failed; `Skip`, it is given back and passed over, and the others go on; `Force`, it is updated with the pods that are left, of which none is deleted.',
        ),
      gracePeriod: durationSchema
        .optional()
        .describe(
          'How long an evicted pod has to end, in place of what the pod itself says; rounded up to whole seconds, and longer than 0s.',
        ),
      emptyDir: z
        .enum(DRAIN_RULES)
        .optional()
        .describe(
          'Pods with an emptyDir volume, whose contents are lost: `Evict`; or `Block`, they are left alone, and the drain waits for a person.',
        ),
      unmanaged: z
        .enum(DRAIN_RULES)
        .optional()
        .describe(
          'Pods that no controller would make anew elsewhere: `Evict`; or `Block`, they are left alone, and the drain waits for a person.',
        ),
      skipPods: z
        .string()
        .max(1_024)
        .optional()
        .describe(
          'Label selector, as kubectl takes it, of pods that stay on the node while it is updated, and are not waited for.',
        ),
      order: z
        .enum(DRAIN_ORDERS)
        .optional()
        .describe(
          '`Together`: all pods at once, as their budgets allow; `LowPriorityFirst`: those of a higher priority only when those of a lower one are gone, to the end.',
        ),
      softTaint: z
        .boolean()
        .optional()
        .describe(
          'Whether workers whose turn is next carry a PreferNoSchedule taint, so that evicted pods rather go to those that are done.',
        ),
    })
    .optional()
    .describe('Emptying a worker through the Eviction API.'),
};
