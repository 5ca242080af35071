import { covers } from '../artifacts/address.ts';
import { ARTIFACTS } from './folder-config.ts';

/** The parts of a folder that readers do not ask for. */
export const OWN_FOLDER = '.autopilot';
export const CONFIG_FILE = `${OWN_FOLDER}/channels.yaml`;
export const DIGESTS_FILE = `${OWN_FOLDER}/digests.json`;

/** In the folder of a channel: one link decides which publication all files of the channel are of. */
export const CURRENT = '.current';
export const PUBLICATIONS = '.publications';
/** What the periodic protocol asks for. */
export const INDEX_FILE = 'index.yaml';
/**
 * What the cron protocol gets, which asks for the folder itself: the name that web servers look for in a
 * folder when nobody has told them of another.
 */
export const CRON_FILE = 'index.html';

export function draftOf(channel: string): string {
  return `${OWN_FOLDER}/drafts/${channel}/${INDEX_FILE}`;
}

export type ArtifactKind = 'k0s' | 'airgap';

/** Named as k0s names what it releases. @param platform `linux-amd64` */
export function artifactPath(kind: ArtifactKind, version: string, platform: string): string {
  const arch = platform.replace(/^linux-/, '');
  const name =
    kind === 'k0s' ? `k0s-${version}-${arch}` : `k0s-airgap-bundle-${version}-${platform}.tar`;
  return `${ARTIFACTS}/${version}/${name}`;
}

/** @param base ends with `/` */
export function urlOf(base: string, path: string): string {
  return new URL(path.split('/').map(encodeURIComponent).join('/'), base).href;
}

/** @returns the path below the folder of what an address serves; undefined for an address elsewhere */
export function pathOfUrl(base: string, url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  if (parsed.search !== '' || !covers(base, parsed)) return undefined;
  const rest = parsed.pathname.slice(new URL(base).pathname.length);
  return decodeURIComponent(rest) || undefined;
}
