import { quarantinedArtifactSchema } from '../api/quarantined-artifact.ts';
import type { QuarantineFacts } from './facts.ts';

/** What is kept of a QuarantinedArtifact. */
export interface TrimmedQuarantine extends QuarantineFacts {
  readonly resourceVersion: string;
}

export function trimQuarantine(raw: unknown): TrimmedQuarantine {
  const { metadata, spec } = quarantinedArtifactSchema.parse(raw);
  const { version, sha256, reason, message, node, run } = spec;
  return {
    name: metadata.name,
    resourceVersion: metadata.resourceVersion ?? '',
    version,
    sha256: sha256.toLowerCase(),
    message: `${reason} on ${node}: ${message}`,
    run,
  };
}
