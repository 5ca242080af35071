import * as z from 'zod';
import { metadataSchema } from './meta.ts';

const LONG = 4_096;

export const quarantineSpecSchema = z.object({
  version: z.string().describe('The k0s version that was ordered.'),
  sha256: z.string().describe('Hex SHA-256 of the binary.'),
  platform: z.string().describe('The platform of the host where it failed, such as linux-amd64.'),
  reason: z.string().describe('Why, as one CamelCase word from the catalogue of reasons.'),
  message: z.string().max(LONG).describe('What became of it, for a person.'),
  plan: z.string().describe('The Plan that brought it.'),
  run: z.string().describe('The run of that Plan.'),
  node: z.string().describe('Name of the Node or ControlNode where it failed first.'),
  at: z.iso.datetime({ offset: true }).describe('When, by the clock of the orchestrator.'),
});
export type QuarantineSpec = z.infer<typeof quarantineSpecSchema>;

/** A binary that failed on trial: no Plan begins with it until a person deletes this object. */
export const quarantinedArtifactSchema = z.looseObject({
  metadata: metadataSchema,
  spec: quarantineSpecSchema,
});
export type QuarantinedArtifact = z.infer<typeof quarantinedArtifactSchema>;

/** The same for the same artifact, so that it is made once whoever finds it bad. */
export function quarantineName({
  version,
  sha256,
}: Pick<QuarantineSpec, 'version' | 'sha256'>): string {
  const words = version.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return `${words.slice(0, 100)}-${sha256.slice(0, 16)}`;
}
