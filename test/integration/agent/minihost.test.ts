import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { askSocket } from '../../../src/node-agent/unix-http-client.ts';
import type { ServiceView } from '../../../tools/minihost/service.ts';
import { eventually } from '../../support/eventually.ts';

const MAIN = join(import.meta.dirname, '../../../tools/minihost/main.ts');

describe('minihost', () => {
  let folder: string;
  let control: string;
  let init: ChildProcess | undefined;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'autopilot-minihost-'));
    control = join(folder, 'init.sock');
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(async () => {
    await end();
  });

  const program = () => join(folder, 'program');
  function install(script: string): void {
    writeFileSync(`${program()}.new`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    renameSync(`${program()}.new`, program());
  }

  async function start(more: object = {}): Promise<void> {
    const config = join(folder, 'host.json');
    const log = join(folder, 'log');
    rmSync(log, { force: true });
    const service = { name: 'k0s', argv: [program(), 'worker'], log, restartDelayMs: 50, ...more };
    writeFileSync(config, JSON.stringify({ control, services: [service] }));
    init = spawn(process.execPath, [MAIN, '--config', config], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    await eventually('the control socket', () => view(), { everyMs: 10 });
  }

  async function end(): Promise<number | null> {
    const child = init;
    init = undefined;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await ended;
    return child.exitCode;
  }

  async function view(): Promise<ServiceView> {
    const { body } = await askSocket(control, 'GET', '/services/k0s', 1000);
    return JSON.parse(body) as ServiceView;
  }

  async function tell(verb: string): Promise<ServiceView & { gapMs?: number | null }> {
    const { status, body } = await askSocket(control, 'POST', `/services/k0s/${verb}`, 5000);
    assert.equal(status, 200, body);
    return JSON.parse(body);
  }

  const says = (what: string) =>
    eventually(`output ${what}`, async () => (await view()).lastOutput.includes(what), {
      everyMs: 10,
    });

  function lives(pid: number): boolean {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  }

  it('restarts at once, with the file that is there now, and tells the gap', async () => {
    install('echo one; exec sleep 1000');
    await start({ restartDelayMs: 60_000 });
    await says('one');
    const before = await view();
    install('echo two; exec sleep 1000');
    const after = await tell('restart');
    await says('two');
    assert.notEqual(after.pid, before.pid);
    assert.equal(after.restarts, 0, 'it did not end by itself');
    assert.ok((after.gapMs ?? 1e9) < 200, `gap ${after.gapMs}`);
  });

  it('starts what ends by itself again, after its delay, and counts it', async () => {
    install('echo broken; exit 3');
    await start();
    const seen = await eventually('three ends', async () => {
      const now = await view();
      return now.restarts >= 3 ? now : undefined;
    });
    assert.deepEqual(seen.lastExit, { code: 3, signal: null });
    assert.match(seen.lastOutput, /broken/);
    const gapMs = (seen.startedAtMs ?? 0) - (seen.stoppedAtMs ?? 0);
    assert.ok(
      seen.state === 'running' ? gapMs >= 45 : seen.state === 'waiting',
      JSON.stringify(seen),
    );
  });

  it('restarts after a kill like after a crash', async () => {
    install('exec sleep 1000');
    await start();
    const { pid } = await view();
    await tell('kill');
    await eventually('another process', async () => {
      const now = await view();
      return now.pid !== null && now.pid !== pid && now.restarts === 1;
    });
    assert.deepEqual((await view()).lastExit, { code: null, signal: 'SIGKILL' });
  });

  it('kills what does not stop in time', async () => {
    install("trap '' TERM; echo deaf; while :; do sleep 0.05; done");
    await start({ stopTimeoutMs: 100 });
    await says('deaf');
    const stopped = await tell('stop');
    assert.equal(stopped.state, 'stopped');
    assert.deepEqual(stopped.lastExit, { code: null, signal: 'SIGKILL' });
    assert.equal((await tell('start')).state, 'running');
  });

  it('counts a program that is not there as one that ends', async () => {
    rmSync(program(), { force: true });
    await start();
    await eventually('an end', async () => (await view()).restarts > 0);
    install('exec sleep 1000');
    await eventually('a process', async () => (await view()).pid !== null);
  });

  it('leaves nothing behind when its parent goes', async () => {
    install(`sleep 1000 & echo $! > ${folder}/grandchild; exec sleep 1000`);
    await start();
    const grandchild = await eventually('a grandchild', () => {
      const pid = Number(readFileSync(`${folder}/grandchild`, 'utf8'));
      return pid > 0 ? pid : undefined;
    });
    const { pid } = await view();
    assert.equal(await end(), 0);
    assert.equal(lives(pid ?? 0), false);
    await eventually('the grandchild to end', () => !lives(grandchild));
  });

  it('says which services there are', async () => {
    install('exec sleep 1000');
    await start();
    const { status, body } = await askSocket(control, 'GET', '/services/other', 1000);
    assert.equal(status, 404);
    assert.match(body, /no service other; there are k0s/);
  });
});
