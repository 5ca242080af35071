import { readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { journalSchema } from '../node-agent/journal.ts';
import { untilStopped } from '../stopping.ts';
import { HostChanges } from './changes-linux.ts';
import { CannotInstallError } from './errors.ts';
import { type SeenHost, viewHost } from './host-view-linux.ts';
import { Services } from './services-linux.ts';
import { USER } from './units-systemd.ts';
import { removeUser } from './user-linux.ts';
import { everythingOf, STATE_FOLDER } from './wanted.ts';

export interface UninstallOptions {
  readonly dryRun?: boolean;
  /** Also what is kept otherwise: backups, and files that somebody has written into. */
  readonly purge?: boolean;
  /** Also in the middle of an update. */
  readonly force?: boolean;
  readonly serviceName?: string;
}

/**
 * Takes Autopilot away from this host: k0s runs on as it is. What somebody may miss is kept, and named.
 * @throws CannotInstallError where an update of this host is not over
 */
export async function runUninstall(options: UninstallOptions): Promise<void> {
  const { dryRun = false, purge = false, force = false } = options;
  const host = await viewHost(options.serviceName);
  if (!host.isRoot) {
    throw new CannotInstallError('wanted to be run as root, which takes services away: use sudo');
  }
  const open = force ? undefined : await openPhase();
  if (open !== undefined) {
    throw new CannotInstallError(
      `an update of this host is under way (${open}), and its agent alone puts the old k0s back: wait for its end, or say --force`,
    );
  }
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const changes = new HostChanges(dryRun, say, untilStopped());
  const all = everythingOf(host.manager, binaryFolderOf(host));
  const services = new Services(host.manager, changes);
  for (const name of all.services) await services.remove(name);
  if (!dryRun && changes.count > 0) await services.read();
  const kept: string[] = [];
  for (const { path, text, isTheirs } of all.texts) {
    const found = await readFile(path, 'utf8').catch(() => undefined);
    if (found === undefined || !isTheirs) continue;
    if (purge || found === text) await changes.remove(path);
    else kept.push(`${path}, which somebody has written into`);
  }
  for (const { path, to } of all.links) {
    if ((await readlink(path).catch(() => undefined)) === to) await changes.remove(path);
  }
  for (const path of [...all.credentials, ...all.logs, ...all.besideK0s]) {
    await changes.remove(path);
  }
  kept.push(...(await removeState(changes, purge)));
  for (const path of all.folders) {
    // the rest of ours is the administrator's, such as credentials for downloads
    if (purge && path.startsWith('/etc/autopilot')) await changes.remove(path);
    else await changes.removeIfEmpty(path);
  }
  await removeUser(USER, changes);
  await changes.remove(all.program);
  await changes.settle();
  for (const what of kept) say(`kept ${what}; --purge removes it`);
  if (changes.count === 0 && kept.length === 0) say('Autopilot is not installed on this host');
  else if (!dryRun) say('Autopilot is gone from this host; k0s runs on as it is');
}

/** The journal is what an update goes by. One that cannot be read says nothing of one. */
async function openPhase(): Promise<string | undefined> {
  const text = await readFile(join(STATE_FOLDER, 'journal.json'), 'utf8').catch(() => 'null');
  try {
    const phase = journalSchema.safeParse(JSON.parse(text)).data?.signal?.phase;
    return phase !== undefined && BEGUN.has(phase) ? phase : undefined;
  } catch {
    return undefined;
  }
}

/** From the swap on. */
const BEGUN: ReadonlySet<string> = new Set(['Applying', 'OnTrial', 'Held', 'Undoing']);

/** @returns what was kept of it */
async function removeState(changes: HostChanges, purge: boolean): Promise<readonly string[]> {
  const names = await readdir(STATE_FOLDER).catch(() => []);
  const backups = join(STATE_FOLDER, 'backups');
  const hasBackups = (await readdir(backups).catch(() => [])).some((name) => name !== '.incoming');
  if (purge || !hasBackups) {
    await changes.remove(STATE_FOLDER);
    return [];
  }
  for (const name of names) {
    if (name !== 'backups') await changes.remove(join(STATE_FOLDER, name));
  }
  return [`${backups}/, of k0s's data`];
}

function binaryFolderOf({ unit }: SeenHost): string | undefined {
  return unit && dirname(unit.binary);
}
