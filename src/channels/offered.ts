import type { Severity } from '../api/follow.ts';
import { type K0sVersion, parseK0sVersion } from '../api/k0s-version.ts';
import { byVersion } from './blocked.ts';
import type { ChannelIndex, CronDocument, ExtendedIndex, PlainDownload } from './index-schema.ts';

/** One file for one platform. */
export interface OfferedFile {
  readonly url: string;
  /** Undefined: the server does not say. */
  readonly sha256: string | undefined;
}

/** What there is for one platform. */
export interface OfferedPlatform {
  readonly k0s: OfferedFile | undefined;
  readonly airgap: OfferedFile | undefined;
}

/** One release, as a channel offers it. What the plain forms do not say is undefined. */
export interface OfferedRelease {
  readonly version: K0sVersion;
  readonly releasedMs: number | undefined;
  readonly severity: Severity | undefined;
  readonly cves: readonly string[];
  /** By platform, such as `linux-amd64`. */
  readonly platforms: ReadonlyMap<string, OfferedPlatform>;
}

/** What a channel offers, whatever the form of its answer. */
export interface Offered {
  /** Oldest first; at least one, unless all were taken back. */
  readonly releases: readonly OfferedRelease[];
  readonly blocked: ExtendedIndex['blocked'];
  /** Until when this may be believed, epoch milliseconds; undefined: the form does not say. */
  readonly expiresMs: number | undefined;
}

const NOTHING_BLOCKED = { versions: [], edges: [] };

/** Of the extended form its releases count; of the plain one the single version. */
export function offeredByIndex({ version, downloadURLs, extended }: ChannelIndex): Offered {
  if (extended !== undefined) {
    const releases = byVersion(extended.releases).map(
      (one): OfferedRelease => ({
        version: versionOf(one.version),
        releasedMs: one.released,
        severity: one.severity,
        cves: one.cves,
        platforms: platformsOf(one.downloadURLs),
      }),
    );
    return { releases, blocked: extended.blocked, expiresMs: extended.expires };
  }
  const releases = version === undefined ? [] : [plain(version, platformsOf(downloadURLs))];
  return { releases, blocked: NOTHING_BLOCKED, expiresMs: undefined };
}

/** k0s's old protocol: one version, addresses by platform, no digests. */
export function offeredByCron({ version, downloadURLs: { k0s, airgap } }: CronDocument): Offered {
  const file = (url: string | undefined) =>
    url === undefined ? undefined : { url, sha256: undefined };
  const names = new Set([...Object.keys(k0s), ...Object.keys(airgap)]);
  const platforms = new Map(
    [...names].map((name) => [name, { k0s: file(k0s[name]), airgap: file(airgap[name]) }]),
  );
  return { releases: [plain(version, platforms)], blocked: NOTHING_BLOCKED, expiresMs: undefined };
}

function plain(version: string, platforms: OfferedRelease['platforms']): OfferedRelease {
  return {
    version: versionOf(version),
    releasedMs: undefined,
    severity: undefined,
    cves: [],
    platforms,
  };
}

function platformsOf(downloads: readonly PlainDownload[]): Map<string, OfferedPlatform> {
  return new Map(
    downloads.map(({ os, arch, k0s, k0sSha256, airgapBundle, airgapSha256 }) => [
      `${os}-${arch}`,
      {
        k0s: k0s === undefined ? undefined : { url: k0s, sha256: k0sSha256 },
        airgap:
          airgapBundle === undefined ? undefined : { url: airgapBundle, sha256: airgapSha256 },
      },
    ]),
  );
}

/** For a person. */
export function tellOffer({ releases }: Offered): string {
  const newest = releases.at(-1);
  if (newest === undefined) return 'it offers nothing';
  const more = releases.length === 1 ? '' : `, and ${releases.length - 1} older ones`;
  return `it offers ${newest.version.text}${more}`;
}

/** The schema of an index has let nothing else in. */
function versionOf(text: string): K0sVersion {
  const version = parseK0sVersion(text);
  if (version === undefined) throw new Error(`${text} is no k0s version`);
  return version;
}
