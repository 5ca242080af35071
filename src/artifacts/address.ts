import { DownloadError } from './errors.ts';
import { withoutSecrets } from './verify.ts';

/**
 * An address that may be asked at all: http or https, and within the allowed prefixes where there are any.
 * @throws DownloadError, final
 */
export function parseAddress(url: string, allowedPrefixes: readonly string[] | undefined): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') {
    throw forbidden(`wanted an http or https URL, found ${withoutSecrets(url)}`);
  }
  if (allowedPrefixes && !allowedPrefixes.some((prefix) => covers(prefix, parsed))) {
    throw forbidden(
      `${withoutSecrets(url)} is within none of the prefixes that this host allows: ${allowedPrefixes.join(', ') || 'there are none'}`,
    );
  }
  return parsed;
}

/**
 * Where a redirect leads; its target is an address like any other.
 * @throws DownloadError, final
 */
export function parseRedirect(
  from: URL,
  location: string | undefined,
  allowedPrefixes: readonly string[] | undefined,
): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new DownloadError(`a redirect without a usable address at ${withoutSecrets(from.href)}`, {
      retryable: false,
    });
  }
  const to = new URL(location, from.href);
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw forbidden(
      `refused a redirect from https to http: ${withoutSecrets(from.href)} to ${withoutSecrets(to.href)}`,
    );
  }
  try {
    return parseAddress(to.href, allowedPrefixes);
  } catch (thrown) {
    if (!(thrown instanceof DownloadError)) throw thrown;
    throw forbidden(`refused a redirect from ${withoutSecrets(from.href)}: ${thrown.message}`);
  }
}

/**
 * Whether an address lies at or below a prefix: the same scheme, host and port, and whole segments of the
 * path, so that `https://a/k0s` covers `https://a/k0s/x` and never `https://a/k0s-evil`. A path that some
 * server may read as leading elsewhere (an encoded slash or dots, at any depth of encoding) is covered by
 * nothing.
 */
export function covers(prefix: string, url: URL): boolean {
  if (!URL.canParse(prefix)) return false;
  const base = new URL(prefix);
  if (base.protocol !== url.protocol || base.host !== url.host) return false;
  const wanted = segmentsOf(base);
  const found = segmentsOf(url);
  if (wanted === undefined || found === undefined) return false;
  return wanted.every((segment, at) => found[at] === segment);
}

/** The same file at a mirror, where the address lies below `prefix`; the query goes with it. */
export function atMirror(url: string, prefix: string, mirror: string): string | undefined {
  if (!URL.canParse(url) || !URL.canParse(mirror)) return undefined;
  const from = new URL(url);
  if (!covers(prefix, from)) return undefined;
  const depth = segmentsOf(new URL(prefix))?.length ?? 0;
  const rest = rawSegments(from).slice(depth).join('/');
  const to = new URL(mirror);
  to.pathname = `${to.pathname.replace(/\/$/, '')}/${rest}`;
  to.search = from.search;
  return to.href;
}

/** Without the last empty segment of a prefix that ends with `/`. */
function rawSegments(url: URL): readonly string[] {
  return url.pathname.split('/').slice(1);
}

function segmentsOf(url: URL): readonly string[] | undefined {
  const segments = rawSegments(url);
  const named = segments.at(-1) === '' ? segments.slice(0, -1) : segments;
  const plain = named.map(decoded);
  return plain.some((segment) => segment === undefined || TRICK.test(fully(segment)))
    ? undefined
    : (plain as string[]);
}

/** Dots that lead up, also with a parameter as some servers have it, and what splits a path. */
const TRICK = /^\.{1,2}(;.*)?$|[/\\\0]/;

function fully(text: string): string {
  let plain = text;
  for (let depth = 0; depth < 4; depth++) {
    const next = decoded(plain);
    if (next === undefined || next === plain) break;
    plain = next;
  }
  return plain;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function forbidden(message: string): DownloadError {
  return new DownloadError(message, { retryable: false, reason: 'SourceForbidden' });
}
