import * as z from 'zod';
import { historySchema } from './history.ts';
import { conditionSchema, metadataSchema } from './meta.ts';
import { frozenPolicySchema, policySchema } from './policy.ts';
import { askedSchema, requestResultsSchema, requestsSchema } from './requests.ts';

/** States of a Plan and of a command: k0s's words, which dashboards and other programs read. */
export const PLAN_STATES = [
  'SchedulableWait',
  'Schedulable',
  'Completed',
  'IncompleteTargets',
  'Restricted',
  'Warning',
  'ApplyFailed',
] as const;
export type PlanState = (typeof PLAN_STATES)[number];

const TERMINAL_STATES = new Set<string>([
  'Completed',
  'IncompleteTargets',
  'Restricted',
  'Warning',
  'ApplyFailed',
  // stored by older k0s
  'InconsistentTargets',
  'MissingSignalNode',
]);

/** @returns true once nothing more happens to a Plan of this state by itself */
export function isTerminalState(state: string | undefined): boolean {
  return state !== undefined && TERMINAL_STATES.has(state);
}

/** States of a target: k0s's words. */
export const TARGET_STATES = [
  'SignalPending',
  'SignalSent',
  'SignalCompleted',
  'SignalMissingNode',
  'SignalMissingPlatform',
  'SignalApplyFailed',
] as const;
export type TargetState = (typeof TARGET_STATES)[number];

/**
 * Where a target stands, in our own words.
 * - `Pending`: nothing was ordered yet
 * - `Downloading`: ordered to fetch and verify; nothing is taken away from the node
 * - `Staged`: verified and parked
 * - `Draining`: cordoned, its pods are being evicted
 * - `Applying`: told to swap the binary and restart; of a bundle, it is put in its place
 * - `OnTrial`: the new version runs and is being judged
 * - `Committing`: passed; the node has been told and has not yet answered
 * - `Undoing`: the previous version is being put back
 * - `Committed`, `Undone`, `Skipped`, `Failed`: the end
 * - `Held`: unconfirmed and not undone by itself; waits for a person
 */
export const TARGET_PHASES = [
  'Pending',
  'Downloading',
  'Staged',
  'Draining',
  'Applying',
  'OnTrial',
  'Committing',
  'Committed',
  'Undoing',
  'Undone',
  'Held',
  'Skipped',
  'Failed',
] as const;
export type TargetPhase = (typeof TARGET_PHASES)[number];

export const ROLES = ['controller', 'worker'] as const;
export type Role = (typeof ROLES)[number];

const resourceUrlSchema = z
  .object({
    url: z.string().describe('Where the artifact is downloaded from: http or https.'),
    sha256: z
      .string()
      .optional()
      .describe('Hex SHA-256 of the artifact. Empty: not checked against a given value.'),
    mirrors: z
      .array(z.string())
      .optional()
      .describe('The same bytes elsewhere, tried in this order after url.'),
  })
  .describe('One downloadable artifact.');

const platformsSchema = z
  .record(z.string(), resourceUrlSchema)
  .describe('The artifact of each platform; keys such as linux-amd64.');

const discoverySchema = z
  .object({
    selector: z
      .object({
        labels: z.string().optional().describe('Label selector, as kubectl takes it.'),
        fields: z.string().optional().describe('Field selector; metadata.name is supported.'),
      })
      .optional()
      .describe('Targets by selector. An empty selector selects every object of the kind.'),
    static: z
      .object({
        nodes: z.array(z.string()).nullish().describe('Names of the targets.'),
      })
      .optional()
      .describe('Targets by name. Wins over a selector.'),
  })
  .describe('How the targets are found.');

/** One kind of targets of a command. */
export const targetSchema = z.object({
  discovery: discoverySchema,
  limits: z
    .object({
      concurrent: z
        .number()
        .int()
        .default(1)
        .describe(
          'How many workers may be unavailable at once; of an airgapupdate, how many may download at once. Controllers are always updated one at a time.',
        ),
    })
    .default({ concurrent: 1 })
    .describe('Bounds of the update.'),
});
export type TargetSpec = z.infer<typeof targetSchema>;

export const updateTargetsSchema = z
  .object({
    controllers: targetSchema.optional().describe('ControlNodes to update.'),
    workers: targetSchema.optional().describe('Nodes to update, after all controllers.'),
  })
  .describe('What is updated.');

const k0sUpdateSchema = z.object({
  version: z.string().describe('The k0s version to update to, such as v1.36.3+k0s.0.'),
  forceupdate: z
    .boolean()
    .optional()
    .describe('Update even where the version is already right, and accept any version afterwards.'),
  platforms: platformsSchema,
  targets: updateTargetsSchema,
});
export type K0sUpdate = z.infer<typeof k0sUpdateSchema>;

const airgapUpdateSchema = z.object({
  version: z.string().describe('The version of the image bundle, as free text.'),
  platforms: platformsSchema,
  workers: targetSchema.describe('Nodes that receive the bundle.'),
});
export type AirgapUpdate = z.infer<typeof airgapUpdateSchema>;

const commandSchema = z
  .object({
    k0supdate: k0sUpdateSchema.optional().describe('Replaces the k0s binary.'),
    airgapupdate: airgapUpdateSchema.optional().describe('Delivers an image bundle to workers.'),
  })
  .describe('One step of the Plan: exactly one of k0supdate and airgapupdate.');
export type Command = z.infer<typeof commandSchema>;

export const planSpecSchema = z.object({
  id: z.string().describe('Free text that names this execution.'),
  timestamp: z.string().describe('Free text, by custom when the Plan was made. Not interpreted.'),
  commands: z
    .array(commandSchema)
    .describe('Executed in order; the first that fails ends the Plan.'),
  policy: policySchema
    .optional()
    .describe('How this Plan is carried out: wins field by field over UpdatePolicy/default.'),
});
export type PlanSpec = z.infer<typeof planSpecSchema>;

/** Of the pods that hold a drain up, so many are in the status. */
export const MAX_BLOCKED_BY = 10;

export const targetStatusSchema = z.object({
  name: z.string().describe('Name of the Node or ControlNode.'),
  state: z.string().describe("State of the signal: one of k0s's Signal* words."),
  lastUpdatedTimestamp: z.iso
    .datetime({ offset: true })
    .describe('When this entry last changed its phase or state.'),
  startedAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('When its turn came: it was cordoned, or told to apply.'),
  phase: z.enum(TARGET_PHASES).optional().describe('Where the target stands.'),
  reason: z.string().optional().describe('Why it stands there, as one CamelCase word.'),
  message: z.string().optional().describe('Why it stands there, for a person.'),
  previousVersion: z.string().optional().describe('The k0s version before this run.'),
  attempts: z.number().int().optional().describe('How often it has been tried in this run.'),
  batch: z
    .number()
    .int()
    .optional()
    .describe('The batch of workers that it was begun in; the first one is 1.'),
  cordoned: z
    .boolean()
    .optional()
    .describe('Somebody had cordoned the node before the run came to it, and it has stayed so.'),
  deadline: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('When this phase ends by itself, by the clock of the orchestrator.'),
  blockedBy: z
    .array(
      z.object({
        pod: z.string().describe('Namespace and name: shop/web-1.'),
        message: z.string().describe('Why it is still on the node.'),
      }),
    )
    .max(MAX_BLOCKED_BY)
    .optional()
    .describe('Pods that hold its drain up, the most telling first; ten at most.'),
  softTaint: z
    .boolean()
    .optional()
    .describe(
      'It was seen with our soft taint while it waits for its turn: one that somebody removes is not set again.',
    ),
});
export type TargetStatus = z.infer<typeof targetStatusSchema>;

const k0sUpdateStatusSchema = z.object({
  controllers: z.array(targetStatusSchema).optional().describe('The controllers of this command.'),
  workers: z.array(targetStatusSchema).optional().describe('The workers of this command.'),
});

const backupSchema = z.object({
  node: z.string().describe('The controller whose disk it is on.'),
  path: z.string().describe('The archive on that host.'),
  size: z.number().int().describe('Its length in bytes.'),
  takenAt: z.iso
    .datetime({ offset: true })
    .describe('When it was first seen, by the clock of the orchestrator.'),
});
export type Backup = z.infer<typeof backupSchema>;

const batchSchema = z.object({
  number: z.number().int().describe('Which one; the first is 1.'),
  size: z.number().int().describe('How many workers it holds at most.'),
  zone: z
    .string()
    .optional()
    .describe('The zone of its workers, where zones go one by one; empty: they name none.'),
  startedAt: z.iso.datetime({ offset: true }).describe('When its first worker could be begun.'),
  settledAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('When its last worker was at its end; the soak begins then.'),
});
export type BatchStatus = z.infer<typeof batchSchema>;

const runFailureSchema = z.object({
  reason: z.string().describe('Why, as one CamelCase word from the catalogue of reasons.'),
  message: z.string().describe('What failed, for a person.'),
  at: z.iso.datetime({ offset: true }).describe('When, by the clock of the orchestrator.'),
});
export type RunFailure = z.infer<typeof runFailureSchema>;

const approvalSchema = z.object({
  of: z.string().describe('What was approved: Controllers, Workers, or Batch/2.'),
  by: z.string().describe('Who approved it.'),
  at: z.iso.datetime({ offset: true }).describe('When, by the clock of the orchestrator.'),
});

const jobRecordSchema = z.object({
  name: z.string().describe('Name of the Job in the namespace k0s-autopilot.'),
  of: z.string().describe('What it was begun for, and at which point of the run.'),
  startedAt: z.iso
    .datetime({ offset: true })
    .describe('When it was begun, by the clock of the orchestrator.'),
  endedAt: z.iso.datetime({ offset: true }).optional().describe('When it was seen to have ended.'),
  result: z.enum(['Succeeded', 'Failed']).optional().describe('What it ended with.'),
  message: z.string().max(1_024).optional().describe('Why it failed.'),
});
export type JobRecord = z.infer<typeof jobRecordSchema>;

const commandStatusSchema = z.object({
  id: z.number().int().describe('Index of the command in the spec.'),
  state: z.string().describe('State of the command.'),
  description: z.string().optional().describe('What is the matter with the command, for a person.'),
  startedAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('When its first target was ordered.'),
  pinned: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'Digest per platform that all targets of this run must have: given, or first staged.',
    ),
  backup: backupSchema
    .optional()
    .describe('What was saved with `k0s backup` before the controllers were touched.'),
  batch: batchSchema
    .optional()
    .describe('The batch of workers that is under way, or was the last.'),
  approvals: z.array(approvalSchema).max(1_000).optional().describe('What people have approved.'),
  jobs: z
    .array(jobRecordSchema)
    .optional()
    .describe('Jobs that were begun for hooks and gates: they may be gone before the run is.'),
  failure: runFailureSchema
    .optional()
    .describe('What has failed beyond a single target, such as a gate: nothing new is touched.'),
  rollback: z
    .boolean()
    .optional()
    .describe(
      'It stands in no spec: it puts targets of the run back to the binary that their hosts have kept.',
    ),
  quarantined: z
    .array(z.string())
    .optional()
    .describe('QuarantinedArtifacts that this command has brought about; each is made once.'),
  k0supdate: k0sUpdateStatusSchema.optional().describe('Targets of a k0supdate.'),
  airgapupdate: z
    .object({
      workers: z.array(targetStatusSchema).optional().describe('The workers of this command.'),
    })
    .optional()
    .describe('Targets of an airgapupdate.'),
});
export type CommandStatus = z.infer<typeof commandStatusSchema>;

const rollbackStatusSchema = z.object({
  at: z.iso
    .datetime({ offset: true })
    .describe('When it was decided, by the clock of the orchestrator.'),
  by: z.string().optional().describe('Who asked for it; absent where the policy did.'),
  nodes: z
    .array(z.string())
    .optional()
    .describe('The targets that it is about, where it is not about all of them.'),
  left: z
    .array(
      z.object({
        name: z.string().describe('Name of the Node or ControlNode.'),
        reason: z.string().describe('Why, as one CamelCase word from the catalogue of reasons.'),
        message: z.string().describe('Why, and what a person can do.'),
      }),
    )
    .optional()
    .describe('Targets that keep the new version, and why.'),
});
export type RollbackStatus = z.infer<typeof rollbackStatusSchema>;

const membershipSchema = z.object({
  lists: z
    .array(
      z.object({
        command: z.number().int().describe('Index of the command whose workers these are.'),
        total: z.number().int().describe('How many workers the whole list has.'),
        phases: z
          .record(z.string(), z.number().int())
          .describe('How many of them stand in each phase.'),
        revisions: z
          .array(z.number().int())
          .describe(
            'One for each PlanTargets of the list, in order: what this status was made with.',
          ),
      }),
    )
    .describe('Lists of workers of which only those are here that a person wants to see.'),
  rest: z
    .array(z.number().int())
    .optional()
    .describe('The same for what else is too long for this object.'),
});
export type Membership = z.infer<typeof membershipSchema>;

export const planStatusSchema = z.object({
  state: z.string().describe("Summary: one of k0s's state words."),
  observedGeneration: z
    .number()
    .int()
    .optional()
    .describe('The generation of the spec that runs or has run.'),
  runID: z.string().optional().describe('Names this execution of this generation.'),
  startedAt: z.iso.datetime({ offset: true }).optional().describe('When the run was frozen.'),
  finishedAt: z.iso.datetime({ offset: true }).optional().describe('When the run ended.'),
  targetVersion: z
    .string()
    .optional()
    .describe('The version of the command under way, or of the last one.'),
  progress: z
    .object({
      done: z.number().int().describe('Targets that have their version.'),
      total: z.number().int().describe('Targets of all commands.'),
      text: z.string().describe('Both, for a column: 5/7.'),
    })
    .optional()
    .describe('How far the run has come.'),
  waitsFor: z.string().optional().describe('What the Plan waits for at this moment, for a person.'),
  opensAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('When the next window opens, while the Plan waits for one.'),
  conditions: z.array(conditionSchema).optional().describe('What is true of the Plan.'),
  frozenSpec: planSpecSchema
    .optional()
    .describe(
      'The spec as it was when the run began: an edit of a running Plan waits for the next run.',
    ),
  policy: frozenPolicySchema
    .optional()
    .describe(
      'The merged policy that this run was frozen with; what is not said has its default. What is read live is not in it.',
    ),
  commands: z
    .array(commandStatusSchema)
    .nullish()
    .describe('One entry for each command of the spec; behind them, those that put targets back.'),
  membership: membershipSchema
    .optional()
    .describe(
      'Of a run that is too large for one object: its whole lists are in objects of kind PlanTargets, by this.',
    ),
  rollback: rollbackStatusSchema
    .optional()
    .describe('What the run had updated is to be put back, is being put back, or was.'),
  paused: askedSchema
    .optional()
    .describe('Somebody asked that nothing new be begun; until somebody asks to resume.'),
  aborted: askedSchema.optional().describe('Somebody asked that the run end.'),
  history: historySchema.optional(),
  requestResults: requestResultsSchema.optional(),
});
/** What the orchestrator writes: all of it but `requests`. */
export type PlanStatus = z.infer<typeof planStatusSchema>;

const storedStatusSchema = planStatusSchema.partial();

/** What people write. It is apart from the rest, so that no status of ours can ever hold it. */
const storedRequestsSchema = z.object({ requests: requestsSchema.optional() });

export const planSchema = z.looseObject({
  metadata: metadataSchema,
  spec: planSpecSchema,
  status: storedStatusSchema.extend(storedRequestsSchema.shape).optional(),
});
export type Plan = z.infer<typeof planSchema>;
/** The orchestrator's part of a status as it may be stored: by us, by k0s, or not at all yet. */
export type StoredPlanStatus = z.infer<typeof storedStatusSchema>;

/** All that a Plan may say at the top of its two halves. */
export const PLAN_FIELDS = {
  spec: Object.keys(planSpecSchema.shape),
  status: [...Object.keys(planStatusSchema.shape), ...Object.keys(storedRequestsSchema.shape)],
} as const;
