import { join } from 'node:path';
import { codeOf } from '../../artifacts/system-error.ts';
import { type Failure, orHostFailure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';
import { copyStaged } from './copy-staged.ts';
import { spaceForCopy } from './space.ts';

/** k0s reads bundles as whoever it runs as; they are no secret. */
const BUNDLE = { mode: 0o644, uid: 0, gid: 0 } as const;

/**
 * Puts a verified image bundle where k0s looks for them. k0s takes whatever appears there, so the whole
 * file appears at once, by a rename. Done twice it does nothing more.
 */
export async function deliver(
  host: Host,
  layout: Layout,
  signal: OpenSignal,
): Promise<Failure | undefined> {
  const { files } = host;
  const { staged } = signal;
  if (staged?.fileName === undefined) {
    return deliveryFailed('the journal names no staged bundle');
  }
  const target = join(layout.imagesFolder, staged.fileName);
  if ((await files.sha256(target)) !== staged.sha256) {
    const failure = await orHostFailure(`cannot deliver ${target}`, () =>
      put(host, layout, staged, target),
    );
    if (failure) return failure;
  }
  await files.syncFolder(layout.imagesFolder);
  return undefined;
}

async function put(
  host: Host,
  layout: Layout,
  staged: NonNullable<OpenSignal['staged']>,
  target: string,
): Promise<Failure | undefined> {
  const { files } = host;
  await files.makeFolder(layout.imagesFolder);
  const full = await spaceForCopy(files, layout.staged, layout.imagesFolder, staged.size);
  if (full) return full;
  const incoming = layout.incomingImages;
  const wrong = await copyStaged(files, layout.staged, incoming, {
    like: BUNDLE,
    staged,
    what: 'bundle',
  });
  if (wrong !== undefined) return deliveryFailed(wrong);
  try {
    await files.rename(incoming, target);
  } catch (thrown) {
    if (codeOf(thrown) !== 'EXDEV') throw thrown;
    await files.remove(incoming);
    return deliveryFailed(
      `${layout.imagesFolder} is on another filesystem than ${layout.dataFolder}, so that nothing can be moved there whole`,
    );
  }
  return undefined;
}

function deliveryFailed(message: string): Failure {
  return { class: 'Environment', reason: 'DeliveryFailed', message };
}
