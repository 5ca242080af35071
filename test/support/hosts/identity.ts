import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Host } from './host.ts';

/** Files whose contents are this host's and no other's. */
export interface Keys {
  /** Private; its public one lies beside it. */
  readonly hostKeyFile: string;
  readonly administratorKeyFile: string;
}

/** Makes a host that is off, and has only its base, this host. */
export async function giveIdentity(host: Host, keys: Keys): Promise<void> {
  const administrator = await readFile(`${keys.administratorKeyFile}.pub`, 'utf8');
  await host.write('/etc/hostname', `${host.hostname}\n`);
  await host.write('/etc/hosts', `127.0.0.1 localhost\n${host.address} ${host.hostname}\n`);
  await host.write('/etc/machine-id', `${randomUUID().replaceAll('-', '')}\n`, 0o444);
  await host.write('/root/.ssh/authorized_keys', administrator, 0o600);
  for (const [suffix, mode] of [['', 0o600] as const, ['.pub', 0o644] as const]) {
    const key = await readFile(`${keys.hostKeyFile}${suffix}`);
    await host.write(`/etc/ssh/ssh_host_ed25519_key${suffix}`, key, mode);
  }
}
