import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { versionOfFile } from '../../../src/node-agent/version-check-linux.ts';

const folder = mkdtempSync(join(tmpdir(), 'autopilot-version-'));
after(() => rmSync(folder, { recursive: true }));
const isRoot = process.getuid?.() === 0;

function program(script: string, mode = 0o755): string {
  const path = join(folder, 'k0s');
  rmSync(path, { force: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, mode);
  return path;
}

/** The lines of a program that prints its own status. */
async function said(script: string): Promise<string> {
  const answer = await versionOfFile(program(script));
  assert.equal(answer.kind, 'said', answer.kind === 'said' ? '' : answer.message);
  return answer.kind === 'said' ? answer.version : '';
}

function isRunning(word: string): boolean {
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word);
    } catch {
      return false; // ended meanwhile
    }
  });
}

describe('a binary that is asked for its version', () => {
  it('answers from a folder that is closed to nobody', async () => {
    assert.equal(await said('echo v1.36.3+k0s.0'), 'v1.36.3+k0s.0');
  });

  it('is nobody, in no group, without rights or environment', { skip: !isRoot }, async () => {
    const status = await said(
      'while read -r l; do echo "$l"; done </proc/self/status; pwd; echo "HOME=$HOME"',
    );
    assert.match(status, /^Uid:\s+65534\s+65534\s+65534\s+65534$/m);
    assert.match(status, /^Gid:\s+65534\s+65534\s+65534\s+65534$/m);
    assert.match(status, /^Groups:\s*$/m);
    assert.match(status, /^CapEff:\s+0+$/m);
    assert.match(status, /^\/\nHOME=$/m);
    if (!existsSync('/usr/bin/setpriv')) return;
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^CapBnd:\s+0+$/m);
  });

  const canCage = isRoot && existsSync('/usr/bin/unshare') && existsSync('/usr/bin/setsid');
  it('leaves nothing behind that it has started', { skip: !canCage }, async () => {
    const startedMs = Date.now();
    assert.equal(await said('/usr/bin/setsid /bin/sleep 97.531 & echo v1'), 'v1');
    assert.ok(Date.now() - startedMs < 5000);
    assert.equal(isRunning('97.531'), false);
  });

  it('fails when it does not stop printing', async () => {
    const answer = await versionOfFile(program('while :; do echo xxxxxxxxxxxxxxxxxxxxxxx; done'));
    assert.equal(answer.kind, 'failed');
    assert.match(answer.kind === 'failed' ? answer.message : '', /prints more than 65536 bytes$/);
  });

  it('fails with what it printed', async () => {
    const answer = await versionOfFile(program('echo broken >&2; exit 3'));
    assert.match(answer.kind === 'failed' ? answer.message : '', /ended with exit code 3: broken$/);
  });

  it('is not to blame when the machine does not let it run', async () => {
    assert.equal((await versionOfFile(program('echo v1', 0o644))).kind, 'forbidden');
  });
});
