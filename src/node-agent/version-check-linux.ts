import { type ChildProcess, spawn } from 'node:child_process';
import { access, open } from 'node:fs/promises';
import { codeOf } from '../artifacts/system-error.ts';
import { messageOf } from '../errors.ts';
import type { SaidVersion } from './host.ts';

const DEADLINE_MS = 10_000;
const OUTPUT_CAP_BYTES = 64 * 1024;
/** How long to wait for the end of the output once the program has ended: another may hold the pipe. */
const DRAIN_MS = 500;
/** nobody: whatever the file turns out to be, it may touch nothing. */
const NOBODY = 65_534;

/**
 * Cages for a program, the strictest first; each a command line that runs what is put behind it. All of
 * util-linux, which not every host has, and not every container lets them do their work.
 * 1. no network, and a PID namespace of its own, of which the program is the init: whatever it starts ends
 *    with it, also what has left its process group
 * 2. without namespaces; what leaves the process group is left alone
 * 3. Node alone, as nobody and in no other group: libuv clears the supplementary ones
 *
 * The limits: 1 GiB of memory that is written to, 10 s of CPU, files of 1 MiB, no core dump. Not the
 * address space, of which Go reserves a lot, nor processes, which count all that nobody runs elsewhere.
 */
const LIMITS = ['prlimit', '--data=1073741824', '--cpu=10', '--fsize=1048576', '--core=0', '--'];
const RIGHTS = [
  'setpriv',
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  '--bounding-set=-all',
  '--inh-caps=-all',
  '--no-new-privs',
  '--pdeathsig=KILL', // last: a change of user clears it
  '--',
];
const SPACES = ['unshare', '--net', '--ipc', '--pid', '--fork', '--kill-child=KILL', '--'];
const CAGES: readonly (readonly string[])[] = [
  [...SPACES, ...LIMITS, ...RIGHTS],
  [...LIMITS, ...RIGHTS],
];
const TOOL_FOLDERS = ['/usr/bin', '/usr/sbin', '/bin', '/sbin'];

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly cut: 'deadline' | 'output' | undefined;
}

let cage: Promise<readonly string[]> | undefined;

/**
 * Runs `FILE version` as nobody, with an empty environment, in `/`, in the strictest cage that this host
 * has. The file is handed over opened, so that nobody needs no way into the folder where it lies.
 */
export async function versionOfFile(path: string): Promise<SaidVersion> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return { kind: 'forbidden', message: `cannot open ${path}` };
  try {
    cage ??= strictestCage();
    return judge(path, await run([...(await cage), '/proc/self/fd/3', 'version'], file.fd));
  } catch (thrown) {
    return unstarted(path, thrown);
  } finally {
    await file.close();
  }
}

/** The first cage that lets a program run which is surely sound: Node itself, which is running already. */
async function strictestCage(): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return [];
  const sound = await open('/proc/self/exe', 'r');
  try {
    for (const words of CAGES) {
      const tools = await Promise.all(words.map(located));
      const command = [...tools, '/proc/self/fd/3', '--version'];
      const ended = await run(command, sound.fd).catch(() => undefined);
      if (ended?.code === 0 && ended.stdout.trim() === process.version) return tools;
    }
  } finally {
    await sound.close();
  }
  return [];
}

/** A tool by its whole path, so that the environment can be empty; other words as they are. */
async function located(word: string): Promise<string> {
  if (!/^[a-z]+$/.test(word)) return word;
  for (const folder of TOOL_FOLDERS) {
    const path = `${folder}/${word}`;
    if (await isThere(path)) return path;
  }
  return word;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** @throws the system's error when the program cannot be started */
function run([command = '', ...args]: readonly string[], fd: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const isBare = command.startsWith('/proc/');
    const asNobody = isBare && process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const child = spawn(command, args, {
      ...asNobody,
      env: {},
      cwd: '/',
      detached: true, // its own group, so that all of it can be ended
      stdio: ['ignore', 'pipe', 'pipe', fd],
    });
    let stdout = '';
    let stderr = '';
    let cut: Ended['cut'];
    let code: number | null = null;
    let signal: NodeJS.Signals | null = null;
    let drain: NodeJS.Timeout | undefined;
    const settle = () => {
      clearTimeout(deadline);
      clearTimeout(drain);
      killGroup(child);
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve({ code, signal, stdout, stderr, cut });
    };
    const deadline = setTimeout(() => {
      cut = 'deadline';
      settle();
    }, DEADLINE_MS);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length <= OUTPUT_CAP_BYTES) return;
      cut = 'output';
      settle();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < 2000) stderr += text;
    });
    child.on('error', (thrown) => {
      clearTimeout(deadline);
      reject(thrown);
    });
    child.on('exit', (...how) => {
      [code, signal] = how;
      drain = setTimeout(settle, DRAIN_MS);
    });
    child.on('close', settle);
  });
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // gone already
  }
}

function judge(path: string, { code, signal, stdout, stderr, cut }: Ended): SaidVersion {
  const command = `\`${path} version\``;
  if (cut === 'deadline') {
    return { kind: 'failed', message: `${command} hangs: no end within ${DEADLINE_MS / 1000} s` };
  }
  if (cut === 'output') {
    return { kind: 'failed', message: `${command} prints more than ${OUTPUT_CAP_BYTES} bytes` };
  }
  if (code === 0) return { kind: 'said', version: stdout.trim() };
  const said = (stderr || stdout).trim().slice(0, 300);
  if (/^setpriv: failed to execute .*: (Permission denied|Operation not permitted)$/.test(said)) {
    return forbidden(path, said);
  }
  // a tool that cannot do today what it could: not the fault of what it was to run
  if (/^(unshare|prlimit|setpriv): (?!failed to execute)/.test(said)) return forbidden(path, said);
  const how = signal === null ? `exit code ${code}` : signal;
  return { kind: 'failed', message: `${command} ended with ${how}${said ? `: ${said}` : ''}` };
}

function unstarted(path: string, thrown: unknown): SaidVersion {
  const isForbidden = codeOf(thrown) === 'EACCES' || codeOf(thrown) === 'EPERM';
  if (isForbidden) return forbidden(path, messageOf(thrown));
  return { kind: 'failed', message: `cannot run ${path}: ${messageOf(thrown)}` };
}

function forbidden(path: string, why: string): SaidVersion {
  return {
    kind: 'forbidden',
    message: `cannot run ${path} (is its filesystem mounted noexec?): ${why}`,
  };
}
