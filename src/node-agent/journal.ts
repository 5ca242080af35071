import * as z from 'zod';
import { GOALS, type Order, orderSchema } from '../signals/order.ts';
import { backupSchema, SIGNAL_PHASES, stagedSchema } from '../signals/report.ts';
import { failureSchema } from './failure.ts';

/** A stretch of time on this host: a boot and milliseconds since it. Clocks step, and old boards have none. */
const spanSchema = z.strictObject({
  bootId: z.string(),
  startMs: z.number(),
  endMs: z.number(),
  /** How often the host has been started anew within it. */
  boots: z.number().int().default(0),
});
export type Span = z.infer<typeof spanSchema>;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const binarySchema = z.strictObject({ version: z.string(), sha256 });
export type Binary = z.infer<typeof binarySchema>;

const openSignalSchema = z.strictObject({
  /** As it was first accepted: artifact, durations and undo never change within an order. */
  order: orderSchema,
  /** The newest goal and epoch accepted. */
  goal: z.enum(GOALS),
  epoch: z.number().int(),
  phase: z.enum(SIGNAL_PHASES).exclude(['Refused']),
  /** Within it the artifact must have been fetched and verified. */
  staging: spanSchema,
  staged: stagedSchema.optional(),
  /** Where the order asks for one. */
  backup: backupSchema.optional(),
  /** What runs before the swap, and is put back by an undo. */
  previous: binarySchema.optional(),
  /**
   * The new binary is in place; k0s has been, or is about to be, restarted with it. `oldPid` tells which.
   */
  restart: z
    .strictObject({
      bootId: z.string(),
      oldPid: z.number().int().optional(),
      /** The service manager's count of exits before it. */
      exits: z.number().int(),
      /** When the old process was gone, by the host's own wall clock: for others to compare with its stamps. */
      wallMs: z.number().optional(),
    })
    .optional(),
  /** From the swap on; ends with an undo, unless a commit came. */
  trial: spanSchema.optional(),
  /** Within it the undo must have been done. */
  undoing: spanSchema.optional(),
  gapMs: z.number().optional(),
  failure: failureSchema.optional(),
});
export type OpenSignal = z.infer<typeof openSignalSchema>;

export const journalSchema = z.strictObject({
  v: z.literal(1),
  /** Highest epoch ever obeyed. */
  epoch: z.number().int(),
  /** The binary before the last committed update. */
  previous: binarySchema.optional(),
  /** The order that this host is at, or has last settled. */
  signal: openSignalSchema.optional(),
  /** Orders settled and forgotten, newest last: one that comes back late is not begun again. */
  settled: z.array(z.strictObject({ id: z.string(), phase: z.enum(SIGNAL_PHASES) })),
  /** Where an unreadable journal was moved to; until a new order is staged, nothing else is obeyed. */
  lost: z.string().optional(),
});
export type Journal = z.infer<typeof journalSchema>;

export const SETTLED_KEPT = 16;

export const EMPTY_JOURNAL: Journal = { v: 1, epoch: 0, settled: [] };

/** A new order, nothing of it done. What an older one left behind is over. */
export function beginSignal(journal: Journal, order: Order, now: Now): Journal {
  const { lost: _lost, ...kept } = forgetSignal(journal);
  return {
    ...kept,
    epoch: Math.max(journal.epoch, order.epoch),
    signal: {
      order,
      goal: order.goal,
      epoch: order.epoch,
      phase: 'Downloading',
      staging: spanFrom(now, order.durations.stageMs),
    },
  };
}

/** Drops the signal, and remembers its id for a while. */
export function forgetSignal(journal: Journal): Journal {
  const { signal, ...kept } = journal;
  if (signal === undefined) return journal;
  // what another order has taken the place of was cancelled by it
  const parked = signal.phase === 'Downloading' || signal.phase === 'Staged';
  const phase = parked ? 'Cancelled' : signal.phase;
  const settled = [...journal.settled, { id: signal.order.id, phase }];
  return { ...kept, settled: settled.slice(-SETTLED_KEPT) };
}

/** One observation of the host's time. */
export interface Now {
  readonly bootId: string;
  readonly uptimeMs: number;
}

export function spanFrom(now: Now, lengthMs: number): Span {
  return {
    bootId: now.bootId,
    startMs: now.uptimeMs,
    endMs: now.uptimeMs + lengthMs,
    boots: 0,
  };
}

/**
 * Whether a span can be measured at all by the present clock: after a boot nobody knows how much of it
 * has passed. A clock that runs behind the start is another one too (a container's own uptime).
 */
export function isOfThisBoot(span: Span, now: Now): boolean {
  return span.bootId === now.bootId && now.uptimeMs >= span.startMs;
}

/**
 * The span as it goes on after a boot: at most half of what it was. So a host that the new binary sends
 * from boot to boot still comes to the end of it, within twice its length.
 */
export function afterBoot(span: Span, now: Now): Span {
  const lengthMs = Math.ceil((span.endMs - span.startMs) / 2);
  return { ...spanFrom(now, lengthMs), boots: span.boots + 1 };
}
