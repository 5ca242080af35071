import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';

const MAIN = join(import.meta.dirname, '../../tools/demo/main.ts');
const CODE_OF_INTERRUPTED = 130;

describe('npm run demo', { timeout: 5 * 60_000 }, () => {
  test('ended with Ctrl-C in the middle leaves no process and no file', async () => {
    const demo = spawn(process.execPath, [MAIN, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<number | null>((resolve) => demo.once('close', resolve));
    let said = '';
    demo.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    let printed = '';
    demo.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
    await eventually('hosts to run', () => processesOf(demo.pid!).length >= 7, {
      timeoutMs: 240_000,
    });
    const folder = folderOf(processesOf(demo.pid!)[0]!);
    demo.kill('SIGINT');
    assert.equal(await ended, CODE_OF_INTERRUPTED, said);
    assert.equal(printed, '', 'only JSON on standard output');
    assert.equal(existsSync(folder), false, `${folder} is still there`);
    assert.deepEqual(commandsThatName(folder), []);
  });

  test('says what it can do', async () => {
    const help = spawn(process.execPath, [MAIN, '--help'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    help.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    assert.equal(await new Promise((resolve) => help.once('close', resolve)), 0);
    assert.match(text, /--fault exits\|kubelet\|version/);
  });
});

/** Command lines of k0s processes in the folder of that demo. */
function processesOf(pid: number): readonly string[] {
  return commandsThatName(`/autopilot-${pid}-`).filter((line) => line.includes('/bin/k0s'));
}

function folderOf(command: string): string {
  return /\S*\/autopilot-\d+-[^/]+/.exec(command)![0];
}

function commandsThatName(text: string): readonly string[] {
  return globSync('/proc/[0-9]*/cmdline').flatMap((file) => {
    try {
      const line = readFileSync(file, 'utf8').replaceAll('\0', ' ');
      return line.includes(text) ? [line] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}
