import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { artifactPath, urlOf } from '../../src/channels/folder-names.ts';
import { type Release, releaseSchema } from '../../src/channels/index-schema.ts';

/** A release with a file in a folder of channels, which stays as it is where there is one. */
export function storeRelease(folder: string, base: string, version: string): Release {
  const path = artifactPath('k0s', version, 'linux-amd64');
  const file = join(folder, path);
  const bytes = `k0s ${version}`;
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file)) writeFileSync(file, bytes);
  return releaseSchema.parse({
    version,
    released: '2026-11-20T10:00:00Z',
    downloadURLs: [
      {
        os: 'linux',
        arch: 'amd64',
        k0s: urlOf(base, path),
        k0sSha256: createHash('sha256').update(bytes).digest('hex'),
        k0sSize: bytes.length,
      },
    ],
  });
}
