import { DownloadError } from './errors.ts';
import { withoutSecrets } from './verify.ts';

/** The head of a server's answer; names of headers in lower case. */
export interface Head {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What was asked for: the whole file, or what is left of one. */
export interface Asked {
  readonly url: URL;
  readonly resume?:
    | { readonly fromByte: number; readonly validator?: string | undefined }
    | undefined;
  readonly maxBytes: number;
}

export type Answer =
  | { readonly kind: 'redirect'; readonly location: string | undefined }
  | {
      readonly kind: 'file';
      readonly fromByte: number;
      readonly totalBytes: number | undefined;
      readonly validator: string | undefined;
    };

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Of the refusals (4xx) these alone ask to come again. */
const PASSING_REFUSALS = new Set([408, 425, 429]);

/**
 * Judges the head of an answer. A part is taken only when it is the very part of the very file that was
 * asked for: one that only may be would end as a mixture of two.
 * @param wallMs now, to tell how long a Retry-After with a date is
 * @throws DownloadError
 */
export function judgeHead(asked: Asked, head: Head, wallMs: number): Answer {
  const where = withoutSecrets(asked.url.href);
  if (REDIRECTS.has(head.status)) return { kind: 'redirect', location: one(head, 'location') };
  if (head.status === 416 && asked.resume) {
    throw stale(`${where} has no byte ${asked.resume.fromByte}: the file was changed`);
  }
  if (head.status !== 200 && !(head.status === 206 && asked.resume)) {
    const retryable = head.status >= 500 || head.status < 300 || PASSING_REFUSALS.has(head.status);
    throw new DownloadError(
      `wanted 200, found ${head.status} ${head.statusText} at ${where}`.replace(/ {2,}/, ' '),
      { retryable, retryAfterMs: retryAfterMs(one(head, 'retry-after'), wallMs) },
    );
  }
  const coding = one(head, 'content-encoding')?.trim().toLowerCase();
  if (coding !== undefined && coding !== '' && coding !== 'identity') {
    throw new DownloadError(
      `wanted the bytes as they are, found Content-Encoding ${coding} at ${where}`,
      { retryable: false },
    );
  }
  const file = head.status === 206 ? part(asked, head, where) : whole(head);
  if ((file.totalBytes ?? 0) > asked.maxBytes)
    throw tooLarge(where, file.totalBytes, asked.maxBytes);
  return { kind: 'file', ...file };
}

export function tooLarge(
  where: string,
  foundBytes: number | undefined,
  maxBytes: number,
): DownloadError {
  return new DownloadError(
    `wanted at most ${maxBytes} bytes, found ${foundBytes ?? 'more'} at ${where}`,
    { retryable: false, reason: 'ArtifactTooLarge' },
  );
}

function whole(head: Head) {
  const length = one(head, 'content-length');
  return {
    fromByte: 0,
    totalBytes: length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined,
    validator: strongValidator(head),
  };
}

function part(asked: Asked, head: Head, where: string) {
  const { fromByte = 0, validator } = asked.resume ?? {};
  const range = one(head, 'content-range') ?? '';
  const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(range) ?? [];
  if (Number(start) !== fromByte) {
    throw stale(`wanted the bytes from ${fromByte} on, found "${range}" at ${where}`);
  }
  if (total === '*' || Number(end) !== Number(total) - 1) {
    throw stale(`wanted the bytes up to the end, found "${range}" at ${where}`);
  }
  const length = one(head, 'content-length');
  if (length !== undefined && Number(length) !== Number(total) - fromByte) {
    throw stale(
      `wanted ${Number(total) - fromByte} bytes, found Content-Length ${length} at ${where}`,
    );
  }
  const found = strongValidator(head);
  if (validator !== undefined && found !== validator) {
    throw stale(`wanted the rest of ${validator}, found ${found ?? 'no strong ETag'} at ${where}`);
  }
  return { fromByte, totalBytes: Number(total), validator: found };
}

/** A weak one says "much the same", which is not the same bytes. */
function strongValidator(head: Head): string | undefined {
  const etag = one(head, 'etag')?.trim();
  return etag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag) ? etag : undefined;
}

/** Seconds, or a date. */
export function retryAfterMs(text: string | undefined, wallMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(text)) return Number(text) * 1000;
  const untilMs = Date.parse(text);
  return Number.isNaN(untilMs) ? undefined : Math.max(0, untilMs - wallMs);
}

/** As the server calls the file; it may be anything, `../../etc/passwd` included. */
export function fileNameOf(head: Head, url: URL): string | undefined {
  const disposition = one(head, 'content-disposition') ?? '';
  const [, encoded] = /;\s*filename\*\s*=\s*utf-8''([^;\s]+)/i.exec(disposition) ?? [];
  const [, quoted, token] =
    /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition) ?? [];
  const given = decoded(encoded) ?? quoted?.replace(/\\(.)/g, '$1') ?? token;
  return given || decoded(url.pathname.split('/').at(-1)) || undefined;
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}

function one(head: Head, name: string): string | undefined {
  const value = head.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function stale(message: string): DownloadError {
  return new DownloadError(message, { retryable: true, isStale: true });
}
