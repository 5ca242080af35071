import * as z from 'zod';
import { covers } from '../artifacts/address.ts';
import { parsePublicKey } from '../artifacts/signature.ts';
import { type AgentPolicy, DEFAULT_AGENT_POLICY } from './agent-policy.ts';

const KIB = 1024;
const UNITS: Readonly<Record<string, number>> = { k: 1, K: 1, M: 2, G: 3, T: 4 };

/** @returns bytes of `500KiB`, `2MB`, `2Mi` or a plain number; undefined for anything else */
function bytesOf(said: string | number): number | undefined {
  const found = /^(\d+(?:\.\d+)?) ?(?:([kKMGT])(i?))?B?$/.exec(String(said));
  if (found === null) return undefined;
  const [, amount, unit, binary] = found;
  const factor = unit === undefined ? 1 : (binary ? KIB : 1000) ** (UNITS[unit] ?? 0);
  const bytes = Math.floor(Number(amount) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Below `least` somebody has forgotten the unit. */
function quantity(least: number, wanted: string) {
  return z.union([z.string(), z.number()], { error: wanted }).transform((said, context) => {
    const bytes = bytesOf(said);
    if (bytes !== undefined && bytes >= least) return bytes;
    context.addIssue({ code: 'custom', message: wanted });
    return z.NEVER;
  });
}

const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

function duration(leastMs: number, mostMs: number, wanted: string) {
  return z.string({ error: wanted }).transform((said, context) => {
    const parts = [...said.matchAll(/(\d+(?:\.\d+)?)(ms|d|h|m|s)/g)];
    const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === said;
    const ms = parts.reduce(
      (sum, [, amount, unit]) => sum + Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS],
      0,
    );
    if (isWhole && ms >= leastMs && ms <= mostMs) return ms;
    context.addIssue({ code: 'custom', message: wanted });
    return z.NEVER;
  });
}

const prefix = z
  .string({ error: 'wanted a URL in quotes or without' })
  .refine(isPrefix, 'wanted an http or https URL without user, query and fragment');
const path = z
  .string({ error: 'wanted an absolute path' })
  .startsWith('/', 'wanted an absolute path');
const list = (what: string) => ({ error: `wanted a list of ${what}` });
const map = { error: issueOfMap };

/** A `strictObject` says two things: what else it is, and that it holds fields that it does not know. */
function issueOfMap(issue: { readonly code: string }): string | undefined {
  return issue.code === 'invalid_type' ? 'wanted fields' : undefined;
}

function isPrefix(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const plain = !url.username && !url.password && !url.search && !url.hash;
  // one that does not cover itself holds what no address may (encoded slashes and dots)
  return plain && /^https?:$/.test(url.protocol) && covers(text, url);
}

const HOUR_MS = 3_600_000;

/** The file as its owner writes it. @see docs/usage/agent-policy.md */
export const agentPolicySchema = z
  .strictObject(
    {
      download: z
        .strictObject(
          {
            allowedPrefixes: z.array(prefix, list('URL prefixes')).optional(),
            mirrors: z
              .array(
                z.strictObject(
                  {
                    prefix,
                    mirrors: z
                      .array(prefix, list('URL prefixes'))
                      .min(1, 'wanted at least one mirror'),
                  },
                  map,
                ),
                list('prefixes with their mirrors'),
              )
              .optional(),
            rateLimit: quantity(
              KIB,
              'wanted a number of bytes per second such as 500KiB or 2MiB, at least 1KiB',
            ).optional(),
            maxSize: quantity(
              KIB ** 2,
              'wanted a number of bytes such as 800MiB, at least 1MiB',
            ).optional(),
            attempts: z
              .int({ error: 'wanted a whole number from 1 on' })
              .min(1, 'wanted a whole number from 1 on')
              .optional(),
            stallTimeout: duration(
              1000,
              HOUR_MS,
              'wanted a duration such as 60s, from 1s to 1h',
            ).optional(),
            caFile: path.optional(),
            credentialsFile: path.optional(),
            keepPartial: duration(
              0,
              366 * 24 * HOUR_MS,
              'wanted a duration such as 12h or 7d, at most 366d',
            ).optional(),
          },
          map,
        )
        .optional(),
      signatures: z
        .strictObject(
          {
            required: z.boolean({ error: 'wanted true or false' }).optional(),
            trustedKeys: z
              .array(
                z
                  .string({ error: 'wanted a minisign public key' })
                  .refine(
                    (key) => parsePublicKey(key) !== undefined,
                    'wanted a minisign public key, which begins with RW',
                  ),
                list('minisign public keys'),
              )
              .optional(),
          },
          map,
        )
        .optional(),
      downgrade: z.enum(['Allow', 'Deny'], { error: 'wanted Allow or Deny' }).optional(),
      confirm: z.enum(['cluster', 'local'], { error: 'wanted cluster or local' }).optional(),
      confirmAfter: duration(
        1000,
        24 * HOUR_MS,
        'wanted a duration such as 60s, from 1s to 24h',
      ).optional(),
      backup: z.strictObject({ folder: path.optional() }, map).optional(),
    },
    map,
  )
  .superRefine((said, context) => {
    const object = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const { signatures, download } = said;
    if (signatures?.required === true && !signatures.trustedKeys?.length) {
      object(['signatures'], 'wanted at least one of trustedKeys, as required is true');
    }
    if (said.confirmAfter !== undefined && said.confirm !== 'local') {
      object(['confirmAfter'], 'wanted only with confirm: local');
    }
    const allowed = download?.allowedPrefixes;
    for (const [at, { mirrors }] of (download?.mirrors ?? []).entries()) {
      for (const [n, mirror] of mirrors.entries()) {
        if (allowed === undefined || allowed.some((one) => covers(one, new URL(mirror)))) continue;
        object(
          ['download', 'mirrors', at, 'mirrors', n],
          'wanted a mirror within download.allowedPrefixes',
        );
      }
    }
  });

const CONFIRM_AFTER_MS = 60_000;

/** Fills in what the file does not say. Listed keys are meant: they are required unless it says otherwise. */
export function policyOf(said: z.infer<typeof agentPolicySchema>): AgentPolicy {
  const { download: d, signatures, backup } = said;
  const standard = DEFAULT_AGENT_POLICY.download;
  const trustedKeys = signatures?.trustedKeys ?? [];
  return {
    download: {
      allowedPrefixes: d?.allowedPrefixes,
      mirrors: d?.mirrors ?? standard.mirrors,
      bytesPerSecond: d?.rateLimit,
      maxBytes: d?.maxSize ?? standard.maxBytes,
      attempts: d?.attempts ?? standard.attempts,
      stallMs: d?.stallTimeout ?? standard.stallMs,
      caFile: d?.caFile,
      credentialsFile: d?.credentialsFile,
      keepPartialMs: d?.keepPartial ?? standard.keepPartialMs,
    },
    signatures: { required: signatures?.required ?? trustedKeys.length > 0, trustedKeys },
    downgrade: said.downgrade ?? DEFAULT_AGENT_POLICY.downgrade,
    confirm:
      said.confirm === 'local'
        ? { by: 'local', afterMs: said.confirmAfter ?? CONFIRM_AFTER_MS }
        : { by: 'cluster' },
    backupFolder: backup?.folder,
  };
}
