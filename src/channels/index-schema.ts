import * as z from 'zod';
import { SEVERITIES } from '../api/follow.ts';
import { parseK0sVersion } from '../api/k0s-version.ts';
import { parseRange } from './version-range.ts';

/** A name of one or more parts: `stable`, `stable/v1.36`. Never one that leads out of a folder. */
export const CHANNEL_NAME = /^[a-z0-9][a-z0-9._-]{0,62}(\/[a-z0-9][a-z0-9._-]{0,62}){0,3}$/;

const version = z
  .string({ error: 'wanted a k0s version such as v1.36.4+k0s.0' })
  .refine(
    (text) => parseK0sVersion(text) !== undefined,
    'wanted a k0s version such as v1.36.4+k0s.0',
  );
const range = z
  .string({ error: 'wanted a range such as <v1.36.3+k0s.0' })
  .refine(
    (text) => parseRange(text) !== undefined,
    'wanted a range such as "<v1.36.3" or ">=v1.35.0 <v1.36.0"',
  );
const url = z
  .string({ error: 'wanted an http or https URL' })
  .max(2048, 'wanted an URL of at most 2048 characters')
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'wanted an http or https URL',
  );
const sha256 = z
  .string({ error: 'wanted a sha256 of 64 hex digits, in quotes' })
  .regex(/^[0-9a-f]{64}$/i, 'wanted a sha256 of 64 hex digits')
  .transform((text) => text.toLowerCase());
const size = z
  .int({ error: 'wanted a whole number of bytes' })
  .min(1, 'wanted a whole number of bytes');
const word = (what: string) =>
  z.string({ error: `wanted ${what}` }).regex(/^[a-z0-9][a-z0-9_]{0,31}$/, `wanted ${what}`);
const day = z
  .string({ error: 'wanted a day such as 2027-06-28' })
  .refine((text) => isDay(text), 'wanted a day such as 2027-06-28');
const moment = z
  .string({ error: 'wanted a time such as 2026-11-28T02:00:00Z' })
  .refine((text) => msOf(text) !== undefined, 'wanted a time such as 2026-11-28T02:00:00Z')
  .transform((text) => msOf(text) as number);
const reason = z
  .string({ error: 'wanted the reason in words' })
  .min(1, 'wanted the reason in words')
  .max(1000, 'wanted a reason of at most 1000 characters');
const list = (what: string) => ({ error: `wanted a list of ${what}` });
const fields = (what: string) => ({ error: `wanted the fields of ${what}` });

/** Where the files of one platform are. In k0s's own documents an empty text means that there is none. */
const place = {
  os: word('an operating system such as linux'),
  arch: word('an architecture such as amd64'),
};
const emptyIsNone = <T extends z.ZodType>(schema: T) =>
  z.preprocess((said) => (said === '' ? undefined : said), schema.optional());

const plainDownload = z.object(
  {
    ...place,
    k0s: emptyIsNone(url),
    k0sSha256: emptyIsNone(sha256),
    airgapBundle: emptyIsNone(url),
    airgapSha256: emptyIsNone(sha256),
  },
  fields('a download'),
);

const releaseDownload = z
  .object(
    {
      ...place,
      k0s: url,
      k0sSha256: sha256,
      k0sSize: size.optional(),
      airgapBundle: url.optional(),
      airgapSha256: sha256.optional(),
      airgapSize: size.optional(),
    },
    fields('a download'),
  )
  .refine(
    ({ airgapBundle, airgapSha256 }) =>
      (airgapBundle === undefined) === (airgapSha256 === undefined),
    'wanted airgapBundle and airgapSha256 together, found one of them',
  );

const onePerPlatform = <T extends { os: string; arch: string }>(downloads: readonly T[]) =>
  new Set(downloads.map(({ os, arch }) => `${os}-${arch}`)).size === downloads.length;
const EACH_ONCE = 'wanted each platform once, found one twice';

export const releaseSchema = z.object(
  {
    version,
    released: moment,
    severity: z
      .enum(SEVERITIES, { error: `wanted one of ${SEVERITIES.join(', ')}` })
      .default('none'),
    cves: z
      .array(
        z
          .string({ error: 'wanted an id such as CVE-2026-1234' })
          .regex(/^CVE-\d{4}-\d{4,19}$/, 'wanted an id such as CVE-2026-1234'),
        list('CVEs'),
      )
      .default([]),
    eol: day.optional(),
    downloadURLs: z
      .array(releaseDownload, list('downloads'))
      .min(1, 'wanted at least one download')
      .refine(onePerPlatform, EACH_ONCE),
  },
  fields('a release'),
);

const extended = z
  .object(
    {
      epoch: z
        .int({ error: 'wanted a whole number from 1 on' })
        .min(1, 'wanted a whole number from 1 on'),
      issued: moment,
      expires: moment,
      releases: z
        .array(releaseSchema, list('releases'))
        .refine(
          (all) => new Set(all.map(({ version: text }) => text)).size === all.length,
          'wanted each release once, found one twice',
        ),
      blocked: z
        .object(
          {
            versions: z
              .array(z.object({ version, reason }, fields('a blocked version')), list('versions'))
              .default([]),
            edges: z
              .array(
                z.object({ from: range, to: version, reason }, fields('a blocked edge')),
                list('edges'),
              )
              .default([]),
          },
          fields('what is blocked'),
        )
        .default({ versions: [], edges: [] }),
    },
    fields('the extended index'),
  )
  .refine(
    ({ issued, expires }) => issued < expires,
    'wanted expires to be after issued, found it before',
  );

/**
 * A channel's index as it is served: k0s's own form, and in `extended` what old readers ignore. Fields that
 * are not known are ignored, so that a later form can add to it.
 * @see docs/protocol/channel-index.md
 */
export const indexSchema = z
  .object(
    {
      channel: z
        .string({ error: 'wanted the name of the channel, in quotes where it is a number' })
        .optional(),
      version: emptyIsNone(version),
      downloadURLs: z
        .array(plainDownload, list('downloads'))
        .refine(onePerPlatform, EACH_ONCE)
        .default([]),
      eolDate: emptyIsNone(z.string({ error: 'wanted a day such as 2027-06-28' })),
      extended: extended.optional(),
    },
    fields('an index'),
  )
  .superRefine((said, context) => {
    const object = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (said.extended === undefined) {
      if (said.version === undefined)
        object('version', 'wanted a k0s version such as v1.36.4+k0s.0');
      return;
    }
    if (said.channel === undefined) object('channel', 'wanted the name of the channel');
    const isListed = said.extended.releases.some((one) => one.version === said.version);
    if (said.version !== undefined && !isListed) {
      object('version', 'wanted one of extended.releases');
    }
  });

/** Times are epoch milliseconds, digests lower-case hex. */
export type ChannelIndex = z.infer<typeof indexSchema>;
export type ExtendedIndex = z.infer<typeof extended>;
export type Release = z.infer<typeof releaseSchema>;
export type ReleaseDownload = z.infer<typeof releaseDownload>;
export type PlainDownload = z.infer<typeof plainDownload>;

/** k0s's old protocol: addresses by platform, and no digests. Its keys of bundles are no platforms. */
export const cronDocumentSchema = z.object(
  {
    version,
    downloadURLs: z
      .object(
        {
          k0s: z.record(z.string(), url, fields('addresses by platform')).default({}),
          airgap: z.record(z.string(), url, fields('addresses by platform')).default({}),
        },
        fields('the downloads'),
      )
      .default({ k0s: {}, airgap: {} }),
  },
  fields('an update'),
);
export type CronDocument = z.infer<typeof cronDocumentSchema>;

/** Names as they are meant; k0s reads them in any case. */
const NAMES = new Map(
  [
    ...['channel', 'version', 'downloadURLs', 'eolDate', 'extended', 'os', 'arch', 'k0s'],
    ...['k0sSha256', 'k0sSize', 'airgapBundle', 'airgapSha256', 'airgapSize', 'airgap'],
    ...['epoch', 'issued', 'expires', 'releases', 'released', 'severity', 'cves', 'eol'],
    ...['blocked', 'versions', 'edges', 'from', 'to', 'reason'],
  ].map((name) => [name.toLowerCase(), name]),
);

export function canonicalName(name: string): string {
  return NAMES.get(name.toLowerCase()) ?? name;
}

/** @returns epoch milliseconds of an RFC 3339 time; undefined for what is none */
function msOf(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  if (!isDay(text.slice(0, 10))) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  // the 30th of February is read as the 2nd of March
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
