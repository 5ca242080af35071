import * as z from 'zod';

/** So many transitions a Plan keeps; those of a whole run are in its UpdateRun. */
export const KEPT_TRANSITIONS = 30;

export const transitionSchema = z.object({
  at: z.iso.datetime({ offset: true }).describe('When, by the clock of the orchestrator.'),
  run: z.string().optional().describe('The run that it belongs to.'),
  reason: z.string().describe('What happened, as one CamelCase word.'),
  message: z.string().describe('What happened and why, for a person.'),
  by: z
    .string()
    .describe('Who brought it about: a user, the orchestrator, or the node itself: `node w1`.'),
});
export type Transition = z.infer<typeof transitionSchema>;

export const historySchema = z
  .array(transitionSchema)
  .describe(
    `What became of the Plan, step by step: the last ${KEPT_TRANSITIONS}. Its UpdateRuns tell more, and stay when it is gone.`,
  );
