import { readFile } from 'node:fs/promises';
import type { HostChanges, Owner } from './changes-linux.ts';

/** @returns undefined where there is none; of this host's own users alone */
export async function findUser(name: string): Promise<Owner | undefined> {
  const text = await readFile('/etc/passwd', 'utf8');
  const [, , uid, gid] =
    text
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':') ?? [];
  return uid === undefined || gid === undefined
    ? undefined
    : { uid: Number(uid), gid: Number(gid) };
}

/** A user that owns nothing but its credential, and cannot log in. @returns undefined in a dry run without one */
export async function makeUser(name: string, changes: HostChanges): Promise<Owner | undefined> {
  const found = await findUser(name);
  if (found) return found;
  const none = ['--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin'];
  await changes.command(
    `add the user ${name}`,
    ['useradd', '--system', '--user-group', ...none, name],
    ['userdel', name],
  );
  return findUser(name);
}

export async function removeUser(name: string, changes: HostChanges): Promise<void> {
  if (await findUser(name)) await changes.command(`remove the user ${name}`, ['userdel', name]);
}
