import { buildK0mini } from '../../tools/k0mini/build.ts';

/** The defect that a broken release has. */
export const FAULTS = ['exits', 'kubelet', 'version'] as const;
export type Fault = (typeof FAULTS)[number];

export interface Release {
  readonly version: string;
  readonly fault?: Fault;
}

export const OLD_VERSION = 'v1.36.1+k0s.0';
export const NEW_VERSION = 'v1.36.3+k0s.0';
export const BROKEN_VERSION = 'v1.36.4+k0s.0';

export function brokenRelease(fault: Fault): Release {
  return { version: BROKEN_VERSION, fault };
}

export const ALL_RELEASES: readonly Release[] = [
  { version: OLD_VERSION },
  { version: NEW_VERSION },
  ...FAULTS.map(brokenRelease),
];

/** Path under which an artifact server offers a release. */
export function pathOf({ version, fault }: Release): string {
  return `/k0s/${version}${fault ? `-${fault}` : ''}/k0s`;
}

/**
 * Builds what the cache does not have, one after the other.
 * @returns paths of the binaries, in the same order
 */
export async function buildReleases(
  releases: readonly Release[],
  onProgress?: (text: string) => void,
): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const release of releases) {
    paths.push(await buildK0mini({ ...release, ...(onProgress && { onProgress }) }));
  }
  return paths;
}
