import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lockHost } from '../../../src/node-agent/host-lock-linux.ts';

const folder = mkdtempSync(join(tmpdir(), 'autopilot-lock-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a state folder has one agent at a time', async () => {
  const unlock = await lockHost(join(folder, 'new'));
  assert.ok(unlock);
  assert.equal(await lockHost(join(folder, 'new')), undefined);
  assert.ok(await lockHost(join(folder, 'other')), 'another folder is another agent');
  await unlock();
  const again = await lockHost(join(folder, 'new'));
  assert.ok(again, 'given back');
  await again();
});

test('what an agent that was killed has left behind keeps nobody out', async () => {
  const path = join(folder, 'agent.sock');
  writeFileSync(path, '');
  const overFile = await lockHost(folder);
  assert.ok(overFile);
  await overFile();
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(path, resolve));
  // the socket stays, the listener goes: as with a process that is killed
  (dead as unknown as { _handle: { close(): void } })._handle.close();
  const overSocket = await lockHost(folder);
  assert.ok(overSocket);
  await overSocket();
});
