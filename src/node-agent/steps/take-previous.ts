import { type Failure, orHostFailure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { Binary, OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';
import { spaceForCopy } from './space.ts';
import { judgeProgram } from './verify.ts';

export type Taken =
  | { readonly kind: 'taken'; readonly sizeBytes: number }
  | { readonly kind: 'failed'; readonly failure: Failure };

/**
 * Stages the binary that this host ran before its last committed update, instead of a download. It must be the
 * one that the order names and the journal remembers; its bytes are read again, and it must run and say its
 * version. Signatures and the host's rule about lower versions are not asked: it was let in by them once, and
 * going back to it is an undo that comes late.
 *
 * Never through the place of a download: the copy may share its bytes with what was kept, and a download writes
 * in place. Done twice it does the same again, so a crash at any point of it begins it anew.
 */
export async function takePrevious(
  host: Host,
  layout: Layout,
  signal: OpenSignal,
  { kept, platform }: { readonly kept: Binary | undefined; readonly platform: string },
): Promise<Taken> {
  let sizeBytes = 0;
  const failure = await orHostFailure(`cannot stage ${layout.previous}`, async () => {
    const { files } = host;
    const { artifact } = signal.order;
    const found = await files.stat(layout.previous);
    if (found === undefined || kept?.sha256 !== artifact.sha256) {
      const instead = found === undefined || kept === undefined ? 'none' : describe(kept);
      return missing(
        `wanted ${artifact.version} (sha256 ${artifact.sha256}) at ${layout.previous}, found ${instead}`,
      );
    }
    ({ sizeBytes } = found);
    await files.makeFolder(layout.stagingFolder);
    // what lies there could be in the way of another filesystem's copy; nothing refers to it before Staged
    await files.remove(layout.staged);
    const full = await spaceForCopy(files, layout.previous, layout.stagingFolder, sizeBytes);
    if (full) return full;
    await files.copy(layout.previous, layout.staged, { ...found, mode: 0o755 });
    await files.sync(layout.staged);
    const sha256 = await files.sha256(layout.staged);
    if (sha256 !== artifact.sha256) {
      await files.remove(layout.staged);
      return missing(
        `wanted sha256 ${artifact.sha256} at ${layout.previous}, found ${sha256}: it was changed since it ran here`,
      );
    }
    const policy = { downgrade: 'Allow' } as const;
    const judged = { policy, platform, sizeBytes, url: layout.previous };
    const bad = await judgeProgram(host, layout, layout.staged, signal, judged);
    if (bad) await files.remove(layout.staged);
    else await files.syncFolder(layout.stagingFolder);
    return bad;
  });
  return failure === undefined ? { kind: 'taken', sizeBytes } : { kind: 'failed', failure };
}

function describe({ version, sha256 }: Binary): string {
  return `${version} (sha256 ${sha256})`;
}

function missing(message: string): Failure {
  return { class: 'Environment', reason: 'PreviousMissing', message };
}
