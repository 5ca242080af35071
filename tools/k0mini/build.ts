/**
 * Builds k0mini, and keeps what it has built in a cache outside the clone.
 *
 * By hand: `node tools/k0mini/build.ts v1.36.3+k0s.0 [fault]` prints the binary's path.
 */
import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findKept, keep } from './cache.ts';
import { runGo } from './go.ts';

/** The defects a release can be built with; `fault.go` says what they do. */
export const FAULTS = [
  'exits',
  'kubelet',
  'version',
  'apiserver',
  'late',
  'later',
  'route',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface BuildOptions {
  /** As k0s writes it, e.g. `v1.36.3+k0s.0`. Kubernetes reports `v1.36.3+k0s`. */
  readonly version: string;
  readonly fault?: Fault;
  /** Gets a line to show now and then; without it, progress goes to stderr. */
  readonly onProgress?: (line: string) => void;
}

const source = import.meta.dirname;

/** @returns absolute path of the binary; at once if it has been built before */
export async function buildK0mini(options: BuildOptions): Promise<string> {
  const { version, fault } = options;
  if (!/^v\d+\.\d+\.\d+\+k0s\.\d+$/.test(version)) {
    throw new Error(`"${version}" is not a k0s version; wanted one like v1.36.3+k0s.0`);
  }
  if (process.platform !== 'linux') {
    throw new Error(`k0mini runs on Linux only, and this is ${process.platform}`);
  }
  const goVersion = await findGo();
  const key = await cacheKey(goVersion, version, fault);
  const kept = await findKept(key);
  if (kept) return kept;
  const progress = startProgress(
    `building k0mini ${version}${fault ? ` (${fault})` : ''}`,
    options,
  );
  try {
    return await keep(key, (path) => compile(version, fault, path, progress.note));
  } finally {
    progress.stop();
  }
}

/** @returns version of the Go toolchain that will build, e.g. `go1.26.8` */
async function findGo(): Promise<string> {
  const wanted = /^go (\S+)/m.exec(await readFile(join(source, 'go.mod'), 'utf8'))?.[1];
  const advice = `Install Go ${wanted} or later (https://go.dev/dl/) and have it on the PATH.`;
  // In the module's directory, where Go >= 1.21 fetches the toolchain go.mod asks for if it may.
  const asked = await runGo(source, ['env', 'GOVERSION']);
  if (asked.missing) throw new Error(`k0mini is built with Go, and there is no "go". ${advice}`);
  const version = asked.stdout.trim();
  if (asked.code === 0 && version !== '' && !isOlder(version, wanted ?? '')) return version;
  const local = await runGo(source, ['version'], { GOTOOLCHAIN: 'local', GO111MODULE: 'off' });
  const found = local.stdout.trim() || 'no version';
  throw new Error(
    `k0mini needs Go ${wanted} or later, found "${found}". ${advice}\n${asked.stderr}`,
  );
}

function isOlder(version: string, wanted: string): boolean {
  const numbers = (text: string) => text.replace(/^go/, '').split('.').map(Number.parseFloat);
  const [major = 0, minor = 0] = numbers(version);
  const [wantedMajor = 0, wantedMinor = 0] = numbers(wanted);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/** Changes with everything that changes the binary. */
async function cacheKey(go: string, version: string, fault: Fault | undefined): Promise<string> {
  const hash = createHash('sha256');
  const files: string[] = [];
  for await (const file of glob('{go.mod,go.sum,**/*.go}', { cwd: source })) files.push(file);
  for (const file of files.sort()) {
    hash
      .update(`${file}\0`)
      .update(await readFile(join(source, file)))
      .update('\0');
  }
  const target = [go, process.arch, ...goArguments(version, fault)];
  return hash.update(target.join('\0')).digest('hex').slice(0, 24);
}

function goArguments(version: string, fault: Fault | undefined): string[] {
  const kubernetes = version.slice(0, version.lastIndexOf('.'));
  const [major = '', minor = ''] = version.slice(1).split('.');
  const variables = {
    'autopilot/k0mini/release.Version': version,
    'autopilot/k0mini/release.Fault': fault ?? '',
    'k8s.io/component-base/version.gitVersion': kubernetes,
    'k8s.io/component-base/version.gitMajor': major,
    'k8s.io/component-base/version.gitMinor': minor,
  };
  const set = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  return ['-trimpath', '-buildvcs=false', `-ldflags=-s -w ${set.join(' ')}`];
}

async function compile(
  version: string,
  fault: Fault | undefined,
  output: string,
  note: (text: string) => void,
): Promise<void> {
  const args = ['build', ...goArguments(version, fault), '-o', output, '.'];
  let downloads = 0;
  // Static, and only from what go.mod and go.sum name, whatever this machine is set up for.
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off', GOOS: 'linux' };
  const { code, stderr } = await runGo(source, args, env, (text) => {
    downloads += text.match(/^go: downloading /gm)?.length ?? 0;
    if (downloads > 0) note(`${downloads} modules downloaded`);
  });
  if (code === 0) return;
  const said = stderr.replace(/^go: downloading .*\n/gm, '').trim();
  if (
    /dial tcp|no such host|timeout|connection refused|proxyconnect|TLS|lookup disabled/.test(said)
  ) {
    throw new Error(
      'k0mini could not be built: its Go modules are not all on this machine and could not be ' +
        'downloaded. Connect to the network, or point GOPROXY to a module proxy that is reachable. ' +
        `Go said:\n${lastLines(said, 2)}`,
    );
  }
  throw new Error(`k0mini could not be built: go build ended with ${code}:\n${lastLines(said)}`);
}

function lastLines(text: string, count = 20): string {
  return text.split('\n').slice(-count).join('\n');
}

/** Says every few seconds that there is progress; rarely where the lines are kept in a log. */
function startProgress(what: string, { onProgress }: BuildOptions) {
  const { stderr } = process;
  const isLive = stderr.isTTY === true;
  const started = Date.now();
  let noted = '';
  const say = () => {
    const seconds = Math.round((Date.now() - started) / 1000);
    const parts = [`${what}: ${seconds} s`, noted, '5 to 10 minutes the first time, then seconds'];
    const line = parts.filter((part) => part !== '').join(', ');
    if (onProgress) onProgress(line);
    else
      stderr.write(isLive ? `\r\x1b[K${line}`.slice(0, (stderr.columns ?? 80) + 3) : `${line}\n`);
  };
  say();
  const timer = setInterval(say, isLive ? 3_000 : 30_000);
  return {
    note(text: string) {
      noted = text;
    },
    stop() {
      clearInterval(timer);
      if (!onProgress && isLive) stderr.write('\r\x1b[K');
    },
  };
}

if (import.meta.main) {
  const [version = '', fault] = process.argv.slice(2);
  try {
    if (fault !== undefined && !FAULTS.includes(fault as Fault)) {
      throw new Error(`"${fault}" is not a fault; wanted one of ${FAULTS.join(', ')}`);
    }
    const options = fault === undefined ? { version } : { version, fault: fault as Fault };
    process.stdout.write(`${await buildK0mini(options)}\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
