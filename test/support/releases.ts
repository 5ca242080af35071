import { buildK0mini, FAULTS, type Fault } from '../../tools/k0mini/build.ts';
import { breakFile, FILE_FAULTS, type FileFault } from './broken-file.ts';

/** The defects that a broken release can have: as a process, and as a file. */
export { FAULTS, type Fault, FILE_FAULTS, type FileFault };

export interface Release {
  readonly version: string;
  readonly fault?: Fault | FileFault;
}

/** Releases that are taken in place of k0mini: `TEST_K0S=v1.36.1+k0s.0=/old/k0s,v1.36.3+k0s.0=/new/k0s`. */
const GIVEN = givenReleases(process.env.TEST_K0S);

export const OLD_VERSION = GIVEN[0]?.version ?? 'v1.36.1+k0s.0';
/** The newest patch release of the minor version before. */
export const PREVIOUS_MINOR = 'v1.35.6+k0s.0';
export const NEW_VERSION = GIVEN[1]?.version ?? 'v1.36.3+k0s.0';
export const BROKEN_VERSION = 'v1.36.4+k0s.0';
/** Mends what the broken one has broken. */
export const FIXED_VERSION = 'v1.36.5+k0s.0';

export function brokenRelease<F extends Fault | FileFault>(fault: F) {
  return { version: BROKEN_VERSION, fault } as const;
}

/** What `npm test` prepares: its tests use all of them. Others are built when they are asked for. */
export const ALL_RELEASES: readonly Release[] = [
  { version: OLD_VERSION },
  { version: NEW_VERSION },
  { version: FIXED_VERSION },
  ...(['exits', 'kubelet', 'version', 'apiserver', 'late'] as const).map(brokenRelease),
  ...(['truncated', 'wrong-arch'] as const).map(brokenRelease),
];

/** What is updated in tests, and to what, for a person. */
export function releasesInWords(): string {
  return `${GIVEN.length === 0 ? 'k0mini' : 'k0s'} ${OLD_VERSION} to ${NEW_VERSION}`;
}

/**
 * @param text of the variable; empty or absent: none
 * @returns version and path of each, the older one first
 * @throws Error with what was wanted
 */
export function givenReleases(
  text: string | undefined,
): readonly { readonly version: string; readonly path: string }[] {
  if (!text) return [];
  const found = text.split(',').map((one) => /^([^=]+)=(\/.+)$/.exec(one.trim()));
  const given = found.flatMap((match) => (match ? [{ version: match[1]!, path: match[2]! }] : []));
  if (given.length !== found.length || given.length < 2) {
    throw new Error(
      `TEST_K0S: wanted VERSION=/PATH,VERSION=/PATH, the older release first; found "${text}"`,
    );
  }
  return given;
}

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
  for (const release of releases) paths.push(await build(release, onProgress));
  return paths;
}

async function build(
  { version, fault }: Release,
  onProgress: ((text: string) => void) | undefined,
): Promise<string> {
  const given = GIVEN.find((one) => one.version === version);
  if (given !== undefined && fault === undefined) return given.path;
  const told = { version, ...(onProgress && { onProgress }) };
  if (fault === undefined) return buildK0mini(told);
  if (!isFileFault(fault)) return buildK0mini({ ...told, fault });
  return breakFile(fault, await buildK0mini(told), version);
}

function isFileFault(fault: Fault | FileFault): fault is FileFault {
  return FILE_FAULTS.some((known) => known === fault);
}
