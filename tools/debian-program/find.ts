import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cacheDir } from '../k0mini/cache.ts';

const SCRIPT = join(import.meta.dirname, '../setup-debian-program.sh');
const CANNOT = 3;

/** A program that can be started, or why there is none. */
export type Program = { readonly binary: string } | { readonly why: string };

export interface DebianProgram {
  /** Of the folder in the cache. */
  readonly name: string;
  /** In the package: `usr/sbin/nginx`. */
  readonly path: string;
  /** For messages: `the tests of channels`. */
  readonly who: string;
  readonly packages: readonly string[];
}

/**
 * Finds a program, or gets Debian's package of it into the cache.
 * @throws Error when it could be had, and something went wrong; under `CI=true` also when it cannot: what is
 *   not tested there is tested nowhere
 */
export function findProgram({ name, path, who, packages }: DebianProgram): Program {
  const args = [SCRIPT, join(cacheDir(), name), path, who, ...packages];
  const { status, stdout, stderr, error } = spawnSync('sh', args, { encoding: 'utf8' });
  if (error) throw error;
  if (status === 0) return { binary: stdout.trim() };
  const why = stderr.trim();
  if (status === CANNOT && process.env.CI !== 'true') return { why };
  throw new Error(why);
}

export const findPrometheus = () =>
  findProgram({
    name: 'prometheus',
    path: 'usr/bin/prometheus',
    who: 'the tests of gates and alerts',
    packages: ['prometheus'],
  });

export const findNginx = () =>
  findProgram({
    name: 'nginx',
    path: 'usr/sbin/nginx',
    who: 'the tests of channels',
    packages: ['nginx'],
  });

export const findRsync = () =>
  findProgram({
    name: 'rsync',
    path: 'usr/bin/rsync',
    who: 'the tests of channels',
    packages: ['rsync', 'libpopt0', 'libxxhash0'],
  });

/** The libraries of it and of rsync are unpacked beside them. */
export const findMinisign = () =>
  findProgram({
    name: 'minisign',
    path: 'usr/bin/minisign',
    who: 'the tests of channels',
    packages: ['minisign', 'libsodium23'],
  });

export const findZsh = () =>
  findProgram({
    name: 'zsh',
    path: 'usr/bin/zsh',
    who: 'the tests of completion',
    packages: ['zsh', 'zsh-common'],
  });

export const findFish = () =>
  findProgram({
    name: 'fish',
    path: 'usr/bin/fish',
    who: 'the tests of completion',
    packages: ['fish', 'fish-common', 'libpcre2-32-0'],
  });
