import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './cluster/run.ts';

const SOURCE = join(import.meta.dirname, 'old-reader');

/** Asks a server as k0s's own updaters do, with Go's client and their reader of YAML. */
export class OldReader {
  readonly #program: string;

  constructor() {
    const folder = join(import.meta.dirname, '../../.tmp/old-reader');
    mkdirSync(folder, { recursive: true });
    this.#program = join(folder, 'old-reader');
    const unfinished = `${this.#program}.${process.pid}`;
    execFileSync('go', ['build', '-trimpath', '-o', unfinished, '.'], {
      cwd: SOURCE,
      env: { ...process.env, CGO_ENABLED: '0' },
    });
    renameSync(unfinished, this.#program);
  }

  /** @throws Error with what the reader said */
  async read(protocol: 'periodic' | 'cron', server: string, channel: string) {
    return JSON.parse(await run(this.#program, [protocol, server, channel]));
  }
}
