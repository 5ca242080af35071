import * as z from 'zod';
import { GOALS, type Parsed, parseAnnotation, readAnnotation } from './order.ts';

/**
 * Where an agent stands with its order.
 * - `Downloading`: fetching or verifying; nothing on the host is touched
 * - `Staged`: a verified binary lies ready, parked until told to apply
 * - `Applying`: the binary is being put in place and k0s restarted
 * - `OnTrial`: the new version runs; without a commit it is undone at the deadline
 * - `Undoing`: the previous binary is being put back; a commit is refused from here on
 * - `Committed`, `Undone`, `Cancelled`, `Failed`: settled
 * - `Held`: unconfirmed with `undo: never`; a commit or an undo is still obeyed
 * - `Refused`: the order was not obeyed at all (epoch, format)
 */
export const SIGNAL_PHASES = [
  'Downloading',
  'Staged',
  'Applying',
  'OnTrial',
  'Committed',
  'Undoing',
  'Undone',
  'Cancelled',
  'Failed',
  'Held',
  'Refused',
] as const;
export type SignalPhase = (typeof SIGNAL_PHASES)[number];

/** Whose fault it is: decides what a failure costs the run. @see docs/glossary.md */
export const FAILURE_CLASSES = ['Artifact', 'Environment'] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const binarySchema = z.strictObject({ version: z.string(), sha256 });

/** A verified artifact. */
export const stagedSchema = z.strictObject({
  version: z.string(),
  sha256,
  size: z.number().int(),
  /** Of an image bundle: what it is called in k0s's folder of images; made safe. */
  fileName: z.string().optional(),
});
/** What was saved before a swap: a file on the host. */
export const backupSchema = z.strictObject({ path: z.string(), size: z.number().int() });

const signalSchema = z.strictObject({
  id: z.string(),
  attempt: z.number().int(),
  epoch: z.number().int(),
  /** The newest goal of the order that the agent has accepted. */
  goal: z.enum(GOALS),
  phase: z.enum(SIGNAL_PHASES),
  /** Only with Failed, Undone, Undoing, Held and Refused. */
  class: z.enum(FAILURE_CLASSES).optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  /** Download progress; `total` absent when the server did not say. */
  bytes: z.strictObject({ done: z.number().int(), total: z.number().int().optional() }).optional(),
  /** The verified artifact, from `Staged` on. */
  staged: stagedSchema.optional(),
  /** What was saved before the swap, where the order asked for it: a file on this host. */
  backup: backupSchema.optional(),
  /** What ran before this order, and can be put back. */
  previous: binarySchema.optional(),
  /** From `OnTrial` on: what the node sees of its own k0s. */
  running: z
    .strictObject({
      version: z.string().optional(),
      sha256: sha256.optional(),
      pid: z.number().int().optional(),
      /** How often k0s has exited by itself since it was restarted for this order. */
      exits: z.number().int(),
      /** True once process, status socket, exact version and digest all agree. */
      healthy: z.boolean(),
      message: z.string().optional(),
    })
    .optional(),
  /**
   * When the old process was gone, by the node's own wall clock. To be compared with stamps of that same
   * clock only, such as `renewTime` of the node's Lease; never with ours.
   */
  restartedAt: z.iso.datetime({ offset: true }).optional(),
  /** Measured: from the old process's end to the new one's start, as far as it was ours. */
  gapMs: z.number().optional(),
});
export type Signal = z.infer<typeof signalSchema>;

export const reportSchema = z.strictObject({
  v: z.literal(1),
  agent: z.strictObject({
    version: z.string(),
    /** A report is written at least this often, changed or not. */
    heartbeatMs: z.number().int().min(1),
    /** `poll`: nothing is resident; it comes every `heartbeatMs` and answers only then. Absent: it watches. */
    mode: z.enum(['watch', 'poll']).optional(),
    /** Counts up with each heartbeat, so that the API server stamps a new time. */
    beat: z.number().int(),
  }),
  host: z.strictObject({
    /** `linux-amd64`: k0s's platform ids */
    platform: z.string(),
    /** What answers on the status socket; absent when nothing does. */
    k0sVersion: z.string().optional(),
    binary: z.string(),
    /** Of the file at `binary`; absent when it cannot be read. */
    sha256: sha256.optional(),
    /** In the folder of the binary, and where artifacts are staged. */
    freeBytes: z.number().int(),
    writable: z.boolean(),
    /** The binary before the last committed update, still on the host. */
    previous: binarySchema.optional(),
    /** Highest epoch this agent has ever obeyed. */
    epoch: z.number().int(),
  }),
  signal: signalSchema.optional(),
});
export type Report = z.infer<typeof reportSchema>;

/** The report on a node, if any. @see docs/protocol/signals.md */
export function parseReport(text: string | undefined): Parsed<Report> {
  return parseAnnotation(text, reportSchema, 'report');
}

/** The same as an orchestrator reads it: an agent of a newer release may have written more than we know. */
export function readReport(text: string | undefined): Parsed<Report> {
  return readAnnotation(text, reportSchema, 'report');
}

/** One stable text per report, so that a JSON Patch can test for it. */
export function formatReport(report: Report): string {
  return JSON.stringify(reportSchema.parse(report));
}
