import * as z from 'zod';
import { countOrPercent } from './count-or-percent.ts';

/**
 * What becomes of a run in which more has failed than the policy bears, or a gate.
 * - `RollBack`: what `rollback.scope` says is put back, and the run ends
 * - `Pause`: nothing new is begun until a person decides: retry, abort or rollback
 * - `Continue`: workers that fail are borne, all of them; a controller or a gate still ends the run
 */
export const FAILURE_OUTCOMES = ['RollBack', 'Pause', 'Continue'] as const;
export type FailureOutcome = (typeof FAILURE_OUTCOMES)[number];

/**
 * How much is put back.
 * - `Node`: the targets that failed
 * - `Batch`: those, and the workers of the same batch
 * - `Plan`: all targets of the run
 */
export const ROLLBACK_SCOPES = ['Node', 'Batch', 'Plan'] as const;
export type RollbackScope = (typeof ROLLBACK_SCOPES)[number];

export const failureFields = {
  maxFailures: countOrPercent(0)
    .optional()
    .describe(
      'How many workers of a command may fail before nothing new is touched: a number, or a percentage of them, rounded down. A controller that fails stops the run in any case.',
    ),
  onFailure: z
    .enum(FAILURE_OUTCOMES)
    .optional()
    .describe(
      'What becomes of a run past that, or with a gate that failed: `RollBack`, to the extent of rollback.scope; `Pause`, until a person decides; `Continue`, failed workers are borne, a controller or a gate still ends the run.',
    ),
  rollback: z
    .strictObject({
      scope: z
        .enum(ROLLBACK_SCOPES)
        .optional()
        .describe(
          'How much is put back: `Node`, the targets that failed; `Batch`, the workers of the same batch as well; `Plan`, all targets of the run, workers before controllers, the newest first.',
        ),
    })
    .optional()
    .describe('Putting back what had been updated.'),
};
