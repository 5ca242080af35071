import * as z from 'zod';
import { parseForgiving } from '../api/forgiving.ts';

/**
 * What a node shall bring about. Within one order the goals only move forward:
 * stage -> apply -> commit | undo, and stage -> cancel. Commit and undo are written once and never
 * exchanged for one another.
 */
export const GOALS = ['stage', 'apply', 'commit', 'undo', 'cancel'] as const;
export type Goal = (typeof GOALS)[number];

const wholeMs = z.number().int().min(1);

const artifactSchema = z
  .strictObject({
    /** `airgap`: an image bundle, delivered beside the running k0s; nothing is restarted or on trial. */
    kind: z.enum(['k0s', 'airgap']),
    version: z.string().min(1),
    /** Absent where {@link from} says whence it comes. */
    url: z.string().min(1).optional(),
    /** The same bytes elsewhere, tried after `url`. */
    mirrors: z.array(z.string().min(1)).optional(),
    /**
     * `previous`: the binary of before the last committed update, which the host has kept. Nothing is fetched.
     * An agent that does not know this field refuses the order.
     */
    from: z.literal('previous').optional(),
    /** Lower-case hex; absent where nobody knows it yet. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    /** The running version need not equal `version` afterwards, and is replaced even if it does. */
    force: z.boolean(),
  })
  .refine(({ url, from }) => (url === undefined) !== (from === undefined), {
    message: 'wanted either url or from',
  })
  .refine(({ from, kind, sha256 }) => from === undefined || (kind === 'k0s' && !!sha256), {
    message: 'what the host has kept is a k0s, named by its sha256',
  });
export type OrderedArtifact = z.infer<typeof artifactSchema>;

export const orderSchema = z.strictObject({
  /** Wire format; an agent answers any other with a refusal. */
  v: z.literal(1),
  /** `RUN.COMMAND.ATTEMPT`: with the node's name unique for ever. */
  id: z.string().min(1),
  attempt: z.number().int().min(1),
  goal: z.enum(GOALS),
  plan: z.strictObject({ name: z.string().min(1), uid: z.string().min(1) }),
  run: z.string().min(1),
  /** Index of the command in the Plan. */
  command: z.number().int().min(0),
  /** Fencing token: `leaseTransitions` of the leader that wrote this. An agent refuses a lower one. */
  epoch: z.number().int().min(0),
  artifact: artifactSchema,
  /** Durations, never times of day: our clock and the node's are not compared. */
  durations: z.strictObject({
    /** for download, retries and verification together */
    stageMs: wholeMs,
    /** from the restart until the node undoes by itself, unless it was told to commit */
    confirmMs: wholeMs,
  }),
  /** `never`: an unconfirmed update is held and reported, for a person to judge. */
  undo: z.enum(['binary', 'never']),
  /** Before the swap `k0s backup` is run on this host; without a backup nothing is swapped. */
  backup: z
    .strictObject({
      /** How many backups stay on the host, this one included. */
      keep: z.number().int().min(1),
      withinMs: wholeMs,
    })
    .optional(),
});
export type Order = z.infer<typeof orderSchema>;

export type Parsed<T> =
  | { readonly kind: 'absent' }
  | { readonly kind: 'invalid'; readonly message: string }
  | { readonly kind: 'valid'; readonly value: T };

/** Reads one of our annotations. Never throws: what is stored on a node may have been written by anybody. */
export function parseAnnotation<T>(
  text: string | undefined,
  schema: z.ZodType<T>,
  what: string,
): Parsed<T> {
  if (text === undefined || text === '') return { kind: 'absent' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return { kind: 'invalid', message: `${what}: wanted JSON, found ${clip(text)} (${why})` };
  }
  const result = schema.safeParse(json);
  if (result.success) return { kind: 'valid', value: result.data };
  const issue = result.error.issues[0];
  const where = issue?.path.length ? issue.path.join('.') : '(root)';
  return { kind: 'invalid', message: `${what}: at ${where}: ${issue?.message ?? 'not valid'}` };
}

/** As {@link parseAnnotation}; fields that are not known are passed over. */
export function readAnnotation<T>(
  text: string | undefined,
  schema: z.ZodType<T>,
  what: string,
): Parsed<T> {
  const strict = parseAnnotation(text, schema, what);
  if (strict.kind !== 'invalid') return strict;
  try {
    const read = parseForgiving(schema, JSON.parse(text ?? ''), 'fields');
    return read === undefined ? strict : { kind: 'valid', value: read.value };
  } catch {
    return strict;
  }
}

/** Where the artifact may be fetched, in the order in which that is tried; empty where it is not fetched. */
export function urlsOf({ url, mirrors = [] }: Pick<OrderedArtifact, 'url' | 'mirrors'>): string[] {
  return url === undefined ? [] : [url, ...mirrors];
}

/** The order on a node, if any, as an agent obeys it: to the letter. @see docs/protocol/signals.md */
export function parseOrder(text: string | undefined): Parsed<Order> {
  return parseAnnotation(text, orderSchema, 'order');
}

/** The same as an orchestrator reads it: one of a newer release may have written more than we know. */
export function readOrder(text: string | undefined): Parsed<Order> {
  return readAnnotation(text, orderSchema, 'order');
}

/** One stable text per order, so that a JSON Patch can test for it. */
export function formatOrder(order: Order): string {
  return JSON.stringify(orderSchema.parse(order));
}

function clip(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
