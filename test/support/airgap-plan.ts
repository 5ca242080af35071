import { constants, copyFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_VERSION } from '../../src/api/meta.ts';
import type { Offer } from './cluster/cluster.ts';
import type { ClusterBase } from './cluster/cluster-base.ts';
import { thisPlatform } from './manifests.ts';
import { buildReleases, pathOf, type Release } from './releases.ts';
import { sha256Of } from './sha256.ts';

export const BUNDLE = { file: 'bundle.tar', content: 'images of this release' } as const;
/** What the other platform of the maps would be served from; nobody may ask for it. */
export const FOR_OTHERS = '/for-others';
const OTHER_PLATFORM = thisPlatform() === 'linux-amd64' ? 'linux-arm64' : 'linux-amd64';
const ALL = { discovery: { selector: {} } };

export interface AirgapPlanOptions {
  readonly name: string;
  readonly release: Release;
  /** The release is made as large as that, as k0s's own are. */
  readonly sizeBytes?: number;
  /** Workers at once; 1 unless said otherwise. */
  readonly concurrent?: number;
  /** Controllers are left alone, and of the workers those that are no controllers are meant. */
  readonly workersOnly?: boolean;
}

/** A bundle for every Node and then a release for every host, in one Plan, for two platforms. */
export async function airgapPlan(
  cluster: ClusterBase,
  { name, release, sizeBytes, concurrent = 1, workersOnly = false }: AirgapPlanOptions,
): Promise<object> {
  const { version } = release;
  const offer =
    sizeBytes === undefined
      ? await cluster.offer(release)
      : await offerPadded(cluster, release, sizeBytes);
  const file = join(cluster.folder, BUNDLE.file);
  await writeFile(file, BUNDLE.content);
  const bundle = {
    url: cluster.artifacts.add(`/${BUNDLE.file}`, file),
    sha256: sha256Of(BUNDLE.content),
  };
  const other = { url: `${cluster.artifacts.origin}${FOR_OTHERS}`, sha256: 'f'.repeat(64) };
  const platforms = (own: object) => ({ [thisPlatform()]: own, [OTHER_PLATFORM]: other });
  const workers = { ...ALL, limits: { concurrent } };
  return {
    apiVersion: API_VERSION,
    kind: 'Plan',
    metadata: { name },
    spec: {
      id: name,
      timestamp: 'now',
      commands: [
        { airgapupdate: { version, platforms: platforms(bundle), workers } },
        {
          k0supdate: {
            version,
            platforms: platforms(offer),
            targets: { ...(!workersOnly && { controllers: ALL }), workers },
          },
        },
      ],
    },
  };
}

/** The loader of programs does not look at what lies behind them. */
async function offerPadded(
  cluster: ClusterBase,
  release: Release,
  sizeBytes: number,
): Promise<Offer> {
  const [sound = ''] = await buildReleases([release]);
  const padded = join(cluster.folder, `padded-${release.version}`);
  await copyFile(sound, padded, constants.COPYFILE_FICLONE);
  await truncate(padded, sizeBytes);
  const path = `${pathOf(release)}-padded`;
  return { url: cluster.artifacts.add(path, padded), sha256: await cluster.artifacts.sha256(path) };
}
