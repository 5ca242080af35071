import * as z from 'zod';

/**
 * What a person may ask of one Plan.
 * - `pause`: nothing new is begun, what was swapped is judged to its end; lasts until `resume`
 * - `resume`: lets go of a `pause`
 * - `abort`: the run ends: what is staged is called back, what was swapped is judged to its end
 * - `approve`: the run may go past a point at which the policy wants a person to look
 * - `rollback`: what the run has updated is put back, all of it or the targets in `nodes`; a run that is under way
 *   comes to its end for that
 * - `retry`: a run that ended otherwise than it should is done again, for the targets that are not done
 */
export const VERBS = ['pause', 'resume', 'approve', 'abort', 'retry', 'rollback'] as const;
export type Verb = (typeof VERBS)[number];

/** What each verb takes beside its name. */
export const VERB_ARGUMENTS: Readonly<Record<Verb, readonly string[]>> = {
  pause: [],
  resume: [],
  /** Controllers, Workers or Batch/2; what is waited for, where it is not said. */
  approve: ['of'],
  abort: [],
  retry: [],
  /** Names with commas between them; all that were updated, where it is not said. */
  rollback: ['nodes'],
};

/** So many answers are kept; a request that was answered longer ago is dropped. */
export const KEPT_ANSWERS = 20;
/** So many requests the list takes: admission compares each with each. */
const MOST_REQUESTS = 64;
const WORD = 253;

const nonce = z
  .string()
  .max(WORD)
  .describe('Names the request: any text that was never used before.');
const verb = z
  .string()
  .max(WORD)
  .describe(`What is asked: ${VERBS.join(', ')}. Anything else is refused in the answer.`);
const by = z.string().max(1_024).describe('Who asks; admission holds it to the name of the user.');

/** @remarks Not an enum: an unknown verb is answered, so that who asked hears of it. */
export const requestSchema = z.object({
  nonce,
  verb,
  by,
  arguments: z
    .record(z.string(), z.string().max(1_024))
    .optional()
    .describe(
      'More about what is asked: of `approve`, `of`, such as Workers or Batch/2; of `rollback`, `nodes`, names with commas between them.',
    ),
});
export type Request = z.infer<typeof requestSchema>;

export const requestsSchema = z
  .array(requestSchema)
  .max(MOST_REQUESTS)
  .meta(keyedBy('nonce'))
  .describe(
    'What people ask of the Plan. Written by them, never by the orchestrator, which drops what it answered long ago.',
  );

export const requestResultSchema = z.object({
  nonce,
  verb: z.string().describe('What was asked.'),
  by: z.string().describe('Who asked.'),
  result: z.enum(['Done', 'Refused']).describe('Whether it holds now, or was refused.'),
  reason: z.string().describe('Why, as one CamelCase word from the catalogue of reasons.'),
  message: z.string().describe('What was done, or what to do instead, for a person.'),
  at: z.iso
    .datetime({ offset: true })
    .describe('When it was answered, by the clock of the orchestrator.'),
});
export type RequestResult = z.infer<typeof requestResultSchema>;

export const requestResultsSchema = z
  .array(requestResultSchema)
  .meta(keyedBy('nonce'))
  .describe(`The answer to each request: the last ${KEPT_ANSWERS}.`);

/** Who asked for something that holds, and since when. */
export const askedSchema = z.object({
  by: z.string().describe('Who asked for it.'),
  at: z.iso.datetime({ offset: true }).describe('Since when, by the clock of the orchestrator.'),
});
export type Asked = z.infer<typeof askedSchema>;

/** A list whose entries have one writer each, and are told apart by this field. */
function keyedBy(field: string) {
  return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [field] };
}
