import { readFile } from 'node:fs/promises';
import { run } from '../cluster/run.ts';

/** How a host is reached as an SSH machine. */
export interface SshEndpoint {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly privateKeyFile: string;
  /** One line, as in `known_hosts` after the address. */
  readonly hostKey: string;
}

/** Writes `file` and `file.pub`. @returns the public one, without its comment */
export async function makeKeyPair(file: string, comment: string): Promise<string> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
  const [kind = '', key = ''] = (await readFile(`${file}.pub`, 'utf8')).split(' ');
  return `${kind} ${key.trim()}`;
}
