import * as z from 'zod';
import { durationSchema } from './duration.ts';
import { jobSchema } from './policy-gates.ts';

/** Points of a run at which a hook is run; a node is a worker or a controller. */
export const HOOK_TIMES = [
  'BeforeRun',
  'BeforeBatch',
  'BeforeNode',
  'AfterNode',
  'AfterBatch',
  'AfterRun',
] as const;

export const hookSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(40)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'wanted a name such as warm-caches')
      .describe('What it is called in messages, and its Jobs.'),
    when: z
      .array(z.enum(HOOK_TIMES))
      .min(1)
      .max(6)
      .describe(
        'At which points of a run: `BeforeRun`, `BeforeBatch`, `BeforeNode`, `AfterNode`, `AfterBatch`, `AfterRun`.',
      ),
    timeout: durationSchema
      .optional()
      .describe('How long its Job may take; then it has failed. 10m if not said.'),
    job: jobSchema,
  })
  .describe('One hook.');
export type HookSpec = z.infer<typeof hookSchema>;

/** Of a hook that does not say how long its Job may take. */
export const HOOK_TIMEOUT = '10m';

export const hookFields = {
  hooks: z
    .array(hookSchema)
    .max(20)
    .optional()
    .describe(
      'Jobs at points of a run; it goes on when they succeed, and one that fails is a gate that failed.',
    ),
};
