import { createHash } from 'node:crypto';
import { constants, copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HEAD_BYTES, headBytesOf, judgeElf, looksOf, notExecutable } from '../artifacts/elf.ts';
import { syncFolder } from '../artifacts/file-store.ts';
import { isMissing } from '../artifacts/system-error.ts';
import type { ArtifactKind } from './folder-names.ts';
import { PublishError } from './publish-error.ts';

export interface FileFacts {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** What minisign signs. */
  readonly blake2b512: Buffer;
}

const CHUNK_BYTES = 1024 * 1024;

/** Reads a file once. @returns undefined where there is none */
export async function factsOfFile(path: string): Promise<FileFacts | undefined> {
  try {
    await using handle = await open(path, 'r');
    const sha256 = createHash('sha256');
    const blake2b512 = createHash('blake2b512');
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    let sizeBytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      sha256.update(chunk);
      blake2b512.update(chunk);
      sizeBytes += bytesRead;
    }
    return { sizeBytes, sha256: sha256.digest('hex'), blake2b512: blake2b512.digest() };
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

/**
 * Puts an artifact where it is served from. What is copied is read again, judged, and only then given its
 * name; a file that is there already is never replaced by another one.
 * @param platform as k0s names it: `linux-amd64`
 * @throws PublishError for what is no artifact of that platform, or differs from the one that is there
 */
export async function storeArtifact(
  from: string,
  to: string,
  { kind, platform }: { readonly kind: ArtifactKind; readonly platform: string },
): Promise<FileFacts> {
  const beside = `${to}.new`;
  const firstNew = await mkdir(dirname(to), { recursive: true, mode: 0o755 });
  if (firstNew !== undefined) await syncFolder(dirname(firstNew));
  try {
    await copyFile(from, beside, constants.COPYFILE_FICLONE).catch((thrown: unknown) => {
      if (isMissing(thrown)) throw new PublishError(`wanted an artifact at ${from}, found no file`);
      throw thrown;
    });
    const facts = await factsOfFile(beside);
    if (facts === undefined) throw new PublishError(`${beside} was taken away while it was copied`);
    if (facts.sizeBytes === 0)
      throw new PublishError(`wanted an artifact at ${from}, found an empty file`);
    if (kind === 'k0s') await judgeProgram(beside, from, facts.sizeBytes, platform);
    const there = await factsOfFile(to);
    if (there !== undefined && there.sha256 !== facts.sha256) {
      throw new PublishError(
        `wanted ${to} to be sha256 ${facts.sha256} as ${from} is, found ${there.sha256}: a file that is served is not replaced by another one; give the release another build number`,
      );
    }
    if (there === undefined) {
      await using handle = await open(beside, 'r');
      await handle.chmod(0o644);
      await handle.sync();
      await rename(beside, to);
      await syncFolder(dirname(to));
    }
    return facts;
  } finally {
    await rm(beside, { force: true });
  }
}

/** Nothing of it is run. */
async function judgeProgram(path: string, from: string, sizeBytes: number, platform: string) {
  await using handle = await open(path, 'r');
  const first = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await handle.read(first, 0, HEAD_BYTES, 0);
  const looks = looksOf(first.subarray(0, bytesRead));
  if (looks.kind === 'other') {
    throw new PublishError(`${from}: ${notExecutable(`found ${looks.what}`).message}`);
  }
  const head = Buffer.alloc(headBytesOf(looks.header));
  const found = await handle.read(head, 0, head.length, 0);
  const objection = judgeElf(looks.header, head.subarray(0, found.bytesRead), sizeBytes, platform);
  if (objection !== undefined) throw new PublishError(`${from}: ${objection.message}`);
}
