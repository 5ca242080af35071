import type { HostFacts } from './facts.ts';

/** The binary of before the last committed update, which a host can go back to by itself. */
export interface KeptBinary {
  readonly version: string;
  readonly sha256: string;
}

/** By the agent's own word; never by anybody's request. */
export function keptBinary({ report }: Pick<HostFacts, 'report'>): KeptBinary | undefined {
  if (report.kind !== 'valid') return undefined;
  const { host, signal } = report.value;
  // Just committed: the file gets its lasting name a moment later, before anything else is begun there.
  const fresh =
    signal?.phase === 'Committed' && signal.staged?.fileName === undefined
      ? signal.previous
      : undefined;
  return host.previous ?? fresh;
}
