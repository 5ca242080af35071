import assert from 'node:assert/strict';
import { BUNDLE } from '../airgap-plan.ts';
import type { InstalledHost } from './installed-host.ts';

/** The version is what k0s says of itself and what lies on the disk, wherever that is. */
export async function assertUpdated(host: InstalledHost, version: string): Promise<void> {
  const { name, machine, layout } = host;
  assert.equal((await host.k0sStatus()).version, version, name);
  assert.equal((await machine.must([layout.binary, 'version'])).trim(), version, name);
}

/** The bundle lies where this host's k0s looks for images. */
export async function assertHasBundle({ name, machine, layout }: InstalledHost): Promise<void> {
  const found = await machine.read(`${layout.dataDir}/images/${BUNDLE.file}`);
  assert.equal(found, BUNDLE.content, name);
}
