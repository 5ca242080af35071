import type { FileLook, Files } from '../host.ts';
import type { OpenSignal } from '../journal.ts';

/**
 * Puts what was staged at a second place, synced and read again, so that it can be renamed from there.
 * @param what it is, for the message
 * @returns why it is not what was staged; then nothing is left of it
 */
export async function copyStaged(
  files: Files,
  from: string,
  to: string,
  {
    like,
    staged,
    what,
  }: {
    readonly like: FileLook;
    readonly staged: NonNullable<OpenSignal['staged']>;
    readonly what: 'binary' | 'bundle';
  },
): Promise<string | undefined> {
  await files.remove(to);
  await files.copy(from, to, like);
  await files.sync(to);
  const copied = await files.sha256(to);
  if (copied === staged.sha256) return undefined;
  await files.remove(to);
  return `wanted sha256 ${staged.sha256} in the copy of the staged ${what}, found ${copied}: the staged file was changed, or the disk lies`;
}
