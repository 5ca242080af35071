import * as z from 'zod';
import { transitionSchema } from './history.ts';
import { metadataSchema } from './meta.ts';
import { ROLES, TARGET_PHASES } from './plan.ts';

/** So many targets are told one by one; those that have failed before the others. */
export const TOLD_TARGETS = 100;
export const TOLD_TRANSITIONS = 100;
/** So many runs are kept of Plans of one name, and in all. */
export const KEPT_RUNS_OF_PLAN = 10;
export const KEPT_RUNS = 200;

const updateRunSpecSchema = z.object({
  plan: z.string().describe('Name of the Plan.'),
  planUID: z.string().describe('Which Plan of that name.'),
  runID: z.string().describe('Names the run.'),
  generation: z.number().int().describe('The generation of the spec that it ran.'),
  versions: z.array(z.string()).describe('What its commands bring, in order.'),
  appliedBy: z
    .string()
    .optional()
    .describe('The program that wrote the spec, as the API server keeps it.'),
  appliedAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('When the spec was written, by the clock of the API server.'),
});
export type UpdateRunSpec = z.infer<typeof updateRunSpecSchema>;

const toldTargetSchema = z.object({
  name: z.string().describe('Name of the Node or ControlNode.'),
  role: z.enum(ROLES).describe('Which of both.'),
  command: z.number().int().describe('Index of the command.'),
  phase: z.enum(TARGET_PHASES).describe('Where it stands, or has ended.'),
  reason: z.string().optional().describe('Why, as one CamelCase word.'),
  message: z.string().optional().describe('Why, for a person.'),
  previousVersion: z.string().optional().describe('The k0s version before the run.'),
});
export type ToldTarget = z.infer<typeof toldTargetSchema>;

const updateRunStatusSchema = z.object({
  state: z
    .string()
    .describe("State of the Plan: one of k0s's words; `Deleted` where it went away meanwhile."),
  startedAt: z.iso.datetime({ offset: true }).optional().describe('When the run was frozen.'),
  finishedAt: z.iso.datetime({ offset: true }).optional().describe('When it ended.'),
  progress: z.string().optional().describe('Targets that have their version, of all: 5/7.'),
  reason: z.string().optional().describe('What it came to, or waits for, as one CamelCase word.'),
  message: z.string().optional().describe('The same for a person.'),
  targets: z
    .array(toldTargetSchema)
    .max(TOLD_TARGETS)
    .optional()
    .describe(`Its targets: at most ${TOLD_TARGETS}, those in trouble first.`),
  transitions: z
    .array(transitionSchema)
    .max(TOLD_TRANSITIONS)
    .optional()
    .describe(`What became of it, step by step: the last ${TOLD_TRANSITIONS}.`),
});
export type UpdateRunStatus = z.infer<typeof updateRunStatusSchema>;

/** One run of a Plan: written by the orchestrator, and kept when the Plan is gone. */
export const updateRunSchema = z.looseObject({
  metadata: metadataSchema,
  spec: updateRunSpecSchema,
  status: updateRunStatusSchema.optional(),
});
export type UpdateRun = z.infer<typeof updateRunSchema>;
