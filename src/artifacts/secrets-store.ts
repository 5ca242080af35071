import { open, readFile } from 'node:fs/promises';
import { messageOf } from '../errors.ts';
import type { Credential } from './credentials.ts';
import { DownloadError } from './errors.ts';

/**
 * The credentials of this host, as they are now. Fails closed: a file that others can read or write is not
 * used, and nothing is fetched without what it was meant to give.
 * @throws DownloadError, final
 */
export async function readCredentials(path: string): Promise<readonly Credential[]> {
  try {
    // the YAML parser costs 3 MB: only for hosts that have credentials
    const { judgeSecrecy, parseCredentials } = await import('./credentials.ts');
    const file = await open(path, 'r');
    try {
      // of the open file, not of whatever has its name a moment later
      const objection = judgeSecrecy(await file.stat());
      if (objection !== undefined) throw new Error(objection);
      return parseCredentials(await file.readFile('utf8'));
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw unusable('the credentials', path, thrown);
  }
}

/** Certificates in PEM that are trusted beside the system's. @throws DownloadError, final */
export async function readCa(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (!text.includes('-----BEGIN CERTIFICATE-----'))
      throw new Error('found no certificate in it');
    return text;
  } catch (thrown) {
    throw unusable('the certificates', path, thrown);
  }
}

function unusable(what: string, path: string, thrown: unknown): DownloadError {
  return new DownloadError(`${what} in ${path} cannot be used: ${messageOf(thrown)}`, {
    retryable: false,
  });
}
