import * as z from 'zod';

const MAX_KEYS = 10;

/** Whom update servers have to convince. Said in UpdatePolicy/default alone: who writes an UpdateConfig may not loosen it. */
export const trustSchema = z.strictObject({
  keys: z
    .array(z.string().max(200))
    .max(MAX_KEYS)
    .optional()
    .describe(
      'Public keys as minisign prints them. With at least one, the index of a channel must be signed by one of them.',
    ),
  caBundle: z
    .string()
    .max(65_536)
    .optional()
    .describe(
      'Certificates in PEM that update servers may prove themselves with, beside those that are trusted anyway.',
    ),
});
export type Trust = z.infer<typeof trustSchema>;
