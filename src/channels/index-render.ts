import { stringify } from 'yaml';
import { newestOf } from './blocked.ts';
import type { ExtendedIndex, Release, ReleaseDownload } from './index-schema.ts';
import { isoOf } from './iso-time.ts';

/** The text of an index, without its signature: what old readers take stands first. */
export function renderIndex(channel: string, extended: ExtendedIndex): string {
  const newest = newestOf(extended);
  return write({
    channel,
    ...(newest && { version: newest.version, downloadURLs: newest.downloadURLs.map(plain) }),
    ...(newest?.eol !== undefined && { eolDate: newest.eol }),
    extended: {
      ...extended,
      issued: isoOf(extended.issued),
      expires: isoOf(extended.expires),
      releases: extended.releases.map((one) => ({ ...one, released: isoOf(one.released) })),
    },
  });
}

/** @returns the document of the old cron protocol; undefined where there is nothing to go to */
export function renderCron(extended: ExtendedIndex): string | undefined {
  const newest = newestOf(extended);
  if (newest === undefined) return undefined;
  return write({
    version: newest.version,
    downloadURLs: {
      k0s: byPlatform(newest, ({ k0s }) => k0s),
      airgap: byPlatform(newest, ({ airgapBundle }) => airgapBundle),
    },
  });
}

function plain({ k0sSize: _, airgapSize: __, ...rest }: ReleaseDownload) {
  return rest;
}

function byPlatform(
  { downloadURLs }: Release,
  urlOf: (download: ReleaseDownload) => string | undefined,
): Record<string, string> {
  return Object.fromEntries(
    downloadURLs.flatMap((one) => {
      const url = urlOf(one);
      return url === undefined ? [] : [[`${one.os}-${one.arch}`, url]];
    }),
  );
}

function write(document: object): string {
  // no aliases, which readers refuse, and no line is folded
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0, schema: 'core' });
}
