import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { findKept, keep } from '../../tools/k0mini/cache.ts';
import { runGo } from '../../tools/k0mini/go.ts';

/**
 * What can be wrong with a release as a file, before anybody runs it.
 * `truncated`: the first 60 % of a sound one. `not-executable`: the page that a captive portal serves in
 * its place. `wrong-arch`: sound, on a machine of another architecture.
 */
export const FILE_FAULTS = ['truncated', 'not-executable', 'wrong-arch'] as const;
export type FileFault = (typeof FILE_FAULTS)[number];

const KEPT_SHARE = 0.6;
const FOREIGN_ARCH = process.arch === 'arm64' ? 'amd64' : 'arm64';
const PORTAL_PAGE = `<!DOCTYPE html>
<html><head><title>Network sign-on</title></head>
<body><h1>You are not signed on</h1><p>Accept the terms of use to reach the Internet.</p></body></html>
`;

/**
 * Makes a broken file, or finds it where those made before are kept.
 * @param sound a release that is in order
 * @param version what it prints
 * @returns absolute path
 */
export async function breakFile(fault: FileFault, sound: string, version: string): Promise<string> {
  switch (fault) {
    case 'truncated':
      return kept([fault, await digestOf(sound)], (path) => cutShort(sound, path));
    case 'not-executable':
      return kept([fault, PORTAL_PAGE], (path) => writeFile(path, PORTAL_PAGE));
    case 'wrong-arch': {
      const program = printer(version);
      return kept([fault, FOREIGN_ARCH, program], (path) => crossCompile(program, path));
    }
  }
}

async function kept(
  ingredients: readonly string[],
  make: (path: string) => Promise<void>,
): Promise<string> {
  const key = createHash('sha256').update(ingredients.join('\0')).digest('hex').slice(0, 24);
  return (await findKept(key)) ?? (await keep(key, make));
}

async function cutShort(sound: string, path: string): Promise<void> {
  const { size } = await stat(sound);
  await copyFile(sound, path, constants.COPYFILE_FICLONE);
  await truncate(path, Math.floor(size * KEPT_SHARE));
}

/** The least that answers `k0s version` rightly, where it runs. */
function printer(version: string): string {
  return `package main

import "os"

func main() { os.Stdout.WriteString(${JSON.stringify(`${version}\n`)}) }
`;
}

async function crossCompile(program: string, path: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'autopilot-foreign-'));
  try {
    await writeFile(join(folder, 'main.go'), program);
    const args = ['build', '-trimpath', '-ldflags=-s -w', '-o', path, 'main.go'];
    const env = { GOOS: 'linux', GOARCH: FOREIGN_ARCH, CGO_ENABLED: '0', GO111MODULE: 'off' };
    const { code, stderr, missing } = await runGo(folder, args, env);
    if (missing) throw new Error('a program for another architecture is built with Go: no "go"');
    if (code !== 0) throw new Error(`go build for ${FOREIGN_ARCH} ended with ${code}: ${stderr}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
