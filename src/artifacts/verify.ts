import type { Reason } from '../api/reasons.ts';

/** What lies on disk. */
export interface StoredFile {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What may be said against an artifact. All of it is the artifact's own fault. */
export interface Objection {
  readonly reason: Extract<
    Reason,
    | 'ChecksumMismatch'
    | 'VersionMismatch'
    | 'NotExecutable'
    | 'WrongArchitecture'
    | 'SignatureInvalid'
  >;
  readonly message: string;
}

/**
 * Judges the bytes before anything of them is run.
 * @param wanted `sha256` is absent where nobody knows it yet: then any non-empty file will do
 */
export function judgeContent(
  wanted: { readonly url: string; readonly sha256?: string | undefined },
  found: StoredFile,
): Objection | undefined {
  const from = `${found.sizeBytes} bytes from ${withoutSecrets(wanted.url)}`;
  if (wanted.sha256 !== undefined && wanted.sha256 !== found.sha256) {
    return {
      reason: 'ChecksumMismatch',
      message: `wanted sha256 ${wanted.sha256}, found ${found.sha256} (${from})`,
    };
  }
  if (found.sizeBytes === 0) {
    return { reason: 'NotExecutable', message: `the artifact is empty (${from})` };
  }
  return undefined;
}

/** Judges what the binary says about itself. A forced update may say anything. */
export function judgeVersion(
  wanted: { readonly version: string; readonly force: boolean; readonly url: string },
  said: string,
): Objection | undefined {
  if (wanted.force || said === wanted.version) return undefined;
  return {
    reason: 'VersionMismatch',
    message: `wanted ${wanted.version}, but the binary from ${withoutSecrets(wanted.url)} says it is ${JSON.stringify(said.slice(0, 80))}`,
  };
}

/** An address as it may be shown to anybody: signed URLs carry their secret in the query. */
export function withoutSecrets(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return JSON.stringify(url);
  }
}
