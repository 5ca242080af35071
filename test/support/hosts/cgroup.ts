import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../cluster/temp.ts';
import { eventually } from '../eventually.ts';

const PREFIX = 'autopilot-';
const FREEZES_WITHIN_MS = 5_000;

let cgroups = 0;

/** All processes of one host from its power-on to its end, so that they can be stopped at one instant. */
export class Cgroup {
  readonly #name: string;
  readonly #folder: string;

  constructor(host: string) {
    this.#name = `${PREFIX}${process.pid}-${cgroups++}-${host}`;
    const [root] = mounts('cgroup2');
    if (root === undefined) throw new Error('found no cgroup2 file system among the mounts');
    this.#folder = join(root, this.#name);
    mkdirSync(this.guests, { recursive: true });
  }

  /** For the program that boots the host, which makes groups of its own in it. */
  get folder(): string {
    return this.#folder;
  }

  /** For programs that are run in the host from outside. */
  get guests(): string {
    return join(this.#folder, 'guests');
  }

  async freeze(): Promise<void> {
    writeFileSync(join(this.#folder, 'cgroup.freeze'), '1');
    await eventually('all processes to be frozen', () => this.#says('frozen 1'), {
      timeoutMs: FREEZES_WITHIN_MS,
      everyMs: 2,
    });
  }

  thaw(): void {
    writeFileSync(join(this.#folder, 'cgroup.freeze'), '0');
  }

  /** Waits for the last process to be gone, and is gone as well. */
  async remove(): Promise<void> {
    await eventually('all processes to be gone', () => this.#says('populated 0'), { everyMs: 2 });
    removeEverywhere(this.#name);
  }

  #says(event: string): boolean {
    return readFileSync(join(this.#folder, 'cgroup.events'), 'utf8').includes(event);
  }
}

/** Of processes that were killed: a cgroup stays when nobody is in it. */
export function removeLeftoverCgroups(): void {
  const names = mounts('cgroup2').flatMap((root) => readdirSync(root));
  for (const name of names) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) removeEverywhere(name);
  }
}

/** Also from the older hierarchies, where a host's init has left its like. */
function removeEverywhere(name: string): void {
  for (const root of [...mounts('cgroup2'), ...mounts('cgroup')]) {
    const folder = join(root, name);
    if (existsSync(folder)) removeTree(folder);
  }
}

function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  }
  try {
    rmdirSync(folder);
  } catch {
    // Somebody is still in there, on his way out; the next start removes it.
  }
}

function mounts(type: string): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , found]) => found === type)
    .map(([, where = '']) => where);
}
