/**
 * Makes the file systems that hosts boot from, and keeps them in the cache outside the clone.
 *
 * By hand: `node tools/hosts/base.ts [systemd|openrc]` prints the folder.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  glob,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheDir } from '../k0mini/cache.ts';
import { withLock } from '../k0mini/lock.ts';
import { type AptFile, type AptSource, findAptSource } from './apt-source.ts';
import { type Change, INITS, type InitName, RECIPES } from './recipe.ts';

const KEPT_UNUSED_MS = 30 * 24 * 60 * 60 * 1000;
const LAST_LINES = 15;

/** @returns absolute path of a folder with a root file system, shared by many: it is never written to */
export async function buildBase(
  init: InitName,
  onProgress: (text: string) => void = () => {},
): Promise<string> {
  const folder = join(cacheDir(), 'hosts');
  const source = await aptSource();
  const entry = join(folder, `${init}-${await cacheKey(init, source)}`);
  const root = join(entry, 'root');
  if (await isCached(entry)) return root;
  await mkdir(folder, { recursive: true });
  await withLock(join(folder, 'lock'), async () => {
    if (await isCached(entry)) return;
    onProgress(`making a Debian ${source.suite} with ${init} for hosts (about a minute, once)`);
    const unfinished = `${entry}.${process.pid}`;
    try {
      const fresh = join(unfinished, 'root');
      await mkdir(unfinished, { recursive: true });
      await debootstrap(source, RECIPES[init].packages, fresh, join(folder, 'packages'));
      for (const change of RECIPES[init].changes) await apply(change, fresh);
      await rm(entry, { recursive: true, force: true });
      await rename(unfinished, entry);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    await prune(folder);
  });
  return root;
}

async function aptSource(): Promise<AptSource> {
  const codename = /^VERSION_CODENAME="?(\w+)/m.exec(
    await readFile('/etc/os-release', 'utf8'),
  )?.[1];
  if (codename === undefined) {
    throw new Error(
      'hosts are made from the Debian of this machine, and /etc/os-release names no release',
    );
  }
  const names = ['sources.list'];
  for await (const name of glob('sources.list.d/*.{list,sources}', { cwd: '/etc/apt' }))
    names.push(name);
  const files: AptFile[] = [];
  for (const name of names.sort()) {
    const text = await readFile(join('/etc/apt', name), 'utf8').catch(() => undefined);
    if (text !== undefined) files.push({ name, text });
  }
  return findAptSource(files, codename);
}

/** Changes with everything that changes the base. */
async function cacheKey(init: InitName, { suite }: AptSource): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([suite, process.arch, RECIPES[init]]));
  return hash
    .update(await readFile(import.meta.filename))
    .digest('hex')
    .slice(0, 16);
}

async function isCached(entry: string): Promise<boolean> {
  try {
    await stat(entry);
    await utimes(entry, new Date(), new Date()); // in use: not to be pruned
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function debootstrap(
  { mirror, suite, keyring }: AptSource,
  packages: readonly string[],
  root: string,
  packageCache: string,
): Promise<void> {
  await mkdir(packageCache, { recursive: true });
  const args = [
    // In a mount namespace of its own: what it mounts in there ends with it, also when it is killed.
    ...['--mount', '--propagation', 'private', 'debootstrap', '--variant=minbase'],
    ...[`--cache-dir=${packageCache}`, `--include=${packages.join(',')}`],
    ...(keyring ? [`--keyring=${keyring}`] : []),
    ...[suite, root, mirror],
  ];
  const child = spawn('unshare', args, {
    env: {
      ...process.env,
      PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
      DEBIAN_FRONTEND: 'noninteractive',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  const log = await readFile(join(root, 'debootstrap', 'debootstrap.log'), 'utf8').catch(() => '');
  const last = [...said.trim().split('\n'), ...log.trim().split('\n')]
    .slice(-LAST_LINES)
    .join('\n');
  throw new Error(
    `debootstrap of ${suite} from ${mirror} ended with ${code}; it last said:\n${last}`,
  );
}

async function apply(change: Change, root: string): Promise<void> {
  if ('remove' in change) {
    await rm(join(root, change.remove), { recursive: true, force: true });
    return;
  }
  const path = join(root, 'write' in change ? change.write : change.link);
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  if ('link' in change) {
    await symlink(change.to, path);
    return;
  }
  await writeFile(path, change.text);
  await chmod(path, change.mode ?? 0o644);
}

/** Removes what nobody has asked for in a month, and what builds that were cut off have left. */
async function prune(folder: string): Promise<void> {
  for await (const name of glob('*', { cwd: folder })) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > KEPT_UNUSED_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

if (import.meta.main) {
  const [, , wanted] = process.argv;
  for (const init of INITS.filter((name) => wanted === undefined || name === wanted)) {
    console.log(await buildBase(init, (text) => process.stderr.write(`${text}\n`)));
  }
}
