import { X509Certificate } from 'node:crypto';
import { durationMs } from '../api/duration.ts';
import { type FollowLayer, followSchema } from '../api/follow.ts';
import { parseK0sVersion } from '../api/k0s-version.ts';
import type { PolicyFlaw } from '../api/policy-flaws.ts';
import { type Trust, trustSchema } from '../api/trust.ts';
import { parsePublicKey } from '../artifacts/signature.ts';
import { isTimeZone } from '../windows/wall-time.ts';
import { parseMinor } from './minor.ts';

const LEAST_POLL_MS = 1_000;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

export type ReadPart<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'flaws'; readonly flaws: readonly PolicyFlaw[] };

/** Reads how channels are followed. @param path of the part, such as `channels` */
export function readFollow(raw: unknown, path: string): ReadPart<FollowLayer> {
  const read = followSchema.safeParse(raw ?? {});
  if (!read.success) return { kind: 'flaws', flaws: issues(read.error.issues, path) };
  const flaws = followFlaws(read.data).map((flaw) => ({ ...flaw, path: `${path}.${flaw.path}` }));
  return flaws.length > 0 ? { kind: 'flaws', flaws } : { kind: 'read', value: read.data };
}

/** Reads whom servers have to convince: what cannot be read trusts nobody. */
export function readTrust(raw: unknown, path: string): ReadPart<Trust> {
  const read = trustSchema.safeParse(raw ?? {});
  if (!read.success) return { kind: 'flaws', flaws: issues(read.error.issues, path) };
  const flaws = trustFlaws(read.data).map((flaw) => ({ ...flaw, path: `${path}.${flaw.path}` }));
  return flaws.length > 0 ? { kind: 'flaws', flaws } : { kind: 'read', value: read.data };
}

/** @returns the certificates of a bundle, each in PEM; none where it holds no whole one */
export function certificatesIn(caBundle: string | undefined): string[] {
  return caBundle?.match(CERTIFICATE) ?? [];
}

function issues(
  found: readonly { path: PropertyKey[]; message: string }[],
  path: string,
): PolicyFlaw[] {
  return found.map((one) => ({
    path: [path, ...one.path.map(String)].join('.'),
    message: one.message,
  }));
}

function followFlaws({ poll, timeZone, pin, proxy }: FollowLayer): PolicyFlaw[] {
  const flaws: PolicyFlaw[] = [];
  if (poll !== undefined && durationMs(poll) < LEAST_POLL_MS) {
    flaws.push({ path: 'poll', message: `wanted 1s at least, found ${poll}` });
  }
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    const message = `wanted an IANA time zone such as Europe/Berlin, found ${JSON.stringify(timeZone)}`;
    flaws.push({ path: 'timeZone', message });
  }
  if (pin && parseK0sVersion(pin) === undefined && parseMinor(pin) === undefined) {
    const message = `wanted a version such as v1.36.3+k0s.0, or a minor version such as v1.36, found ${JSON.stringify(pin)}`;
    flaws.push({ path: 'pin', message });
  }
  if (proxy && !/^https?:\/\//.test(proxy)) {
    const message = `wanted an address such as http://proxy.example:3128, found ${JSON.stringify(proxy)}`;
    flaws.push({ path: 'proxy', message });
  } else if (proxy && !URL.canParse(proxy)) {
    flaws.push({ path: 'proxy', message: `${JSON.stringify(proxy)} is no address` });
  }
  return flaws;
}

function trustFlaws({ keys = [], caBundle }: Trust): PolicyFlaw[] {
  const flaws = keys.flatMap((key, at): PolicyFlaw[] =>
    parsePublicKey(key) === undefined
      ? [
          {
            path: `keys.${at}`,
            message: `wanted a public key as minisign prints it, found ${JSON.stringify(key.slice(0, 60))}`,
          },
        ]
      : [],
  );
  if (caBundle && !isBundle(caBundle)) {
    flaws.push({
      path: 'caBundle',
      message: 'wanted certificates in PEM, found none that can be read',
    });
  }
  return flaws;
}

function isBundle(text: string): boolean {
  const found = certificatesIn(text);
  try {
    for (const one of found) new X509Certificate(one);
    return found.length > 0;
  } catch {
    return false;
  }
}
