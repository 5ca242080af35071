import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigError } from '../config.ts';
import { messageOf } from '../errors.ts';

/** A guess a millisecond must not find it within years. */
const LEAST_LENGTH = 16;

/**
 * The token of a file, without the white space around it; read anew each time, so that it can be changed
 * without a restart.
 * @throws ConfigError where it cannot be read, or is too short to keep anybody out
 */
export async function readToken(file: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (thrown) {
    throw new ConfigError(`--metrics-token-file: ${messageOf(thrown)}`, { cause: thrown });
  }
  if (text.length < LEAST_LENGTH) {
    throw new ConfigError(
      `--metrics-token-file ${file}: wanted a token of at least ${LEAST_LENGTH} characters, found ${text.length}; make one with: openssl rand -hex 32`,
    );
  }
  return text;
}

/** @param header of the request: `Bearer TOKEN` */
export function isAuthorized(header: string | undefined, token: string): boolean {
  const [, given] = /^Bearer +(\S+) *$/i.exec(header ?? '') ?? [];
  if (given === undefined) return false;
  // Digests are of one length, so that the time it takes tells nothing of the token.
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
