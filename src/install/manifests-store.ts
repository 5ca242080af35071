import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getAsset, isSea } from 'node:sea';

/** `deploy/install.yaml`, of a single file or of the sources. */
export async function readManifests(): Promise<string> {
  if (isSea()) return getAsset('install.yaml', 'utf8');
  return readFile(join(import.meta.dirname, '../../deploy/install.yaml'), 'utf8');
}
