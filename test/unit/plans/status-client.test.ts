import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PlanStatus } from '../../../src/api/plan.ts';
import { StatusClient } from '../../../src/plans/status-client.ts';
import { unpackStatus } from '../../../src/plans/unpack-status.ts';
import { aLargeRun, workerIn } from '../../support/large-run.ts';
import { PlanDisk } from '../../support/plan-disk.ts';
import { silentLog } from '../../support/silent-log.ts';

const never = new AbortController().signal;
const pending = (count: number) =>
  Array.from({ length: count }, (_, at) => workerIn(at, 'Pending'));

function aClient(disk: PlanDisk, stored?: PlanStatus) {
  const shortened: string[] = [];
  const client = new StatusClient({
    kube: disk.kube,
    log: silentLog,
    plan: () => disk.plan,
    chunks: disk.sight,
    stored,
    withheld: () => undefined,
    onOdd: () => {},
    onTooLarge: (message) => shortened.push(message),
  });
  return { client, shortened };
}

function whole(disk: PlanDisk): PlanStatus {
  const read = unpackStatus(disk.plan, disk.plan.status, (name) => disk.sight.get(name));
  assert.equal(read.kind, 'whole', JSON.stringify(read));
  return (read as { status: PlanStatus }).status;
}

const phasesOf = ({ commands }: PlanStatus) =>
  commands?.[0]?.k0supdate?.workers?.map(({ phase }) => phase);

describe('the status of a Plan is written', () => {
  test('in one object while it is short, and its kind of parts is never asked for', async () => {
    const disk = new PlanDisk('spring', 'u');
    const { client } = aClient(disk);
    await client.write(aLargeRun(pending(100)), never);
    assert.deepEqual(disk.writes, [
      'PATCH /apis/autopilot.k0sproject.io/v1beta2/plans/spring/status',
    ]);
  });

  test('in parts where it is long: those first, then what names them, and then only what has changed', async () => {
    const disk = new PlanDisk('spring', 'u');
    const { client } = aClient(disk);
    const workers = pending(1_000);
    await client.write(aLargeRun(workers), never);
    assert.equal(disk.writes.length, 4);
    assert.match(disk.writes.at(-1)!, /plans\/spring\/status$/);
    const moved = workers.with(450, workerIn(450, 'Committed'));
    await client.write(aLargeRun(moved), never);
    assert.match(disk.writes[4]!, /^PUT .*\/spring-01234567-1-0-1$/);
    assert.match(disk.writes[5]!, /plans\/spring\/status$/);
    assert.equal(disk.writes.length, 6);
    assert.deepEqual(phasesOf(whole(disk)), phasesOf(aLargeRun(moved)));
  });

  test('and known as stored once all of its parts are', async () => {
    const disk = new PlanDisk('spring', 'u');
    const before = aLargeRun(pending(1_000));
    const { client } = aClient(disk, before);
    assert.equal(client.stored, before);
    const begun = aLargeRun(pending(1_000).with(450, workerIn(450, 'OnTrial')));
    disk.writesLeft = 2;
    await assert.rejects(client.write(begun, never));
    assert.equal(client.stored, before);
    disk.writesLeft = Number.POSITIVE_INFINITY;
    await client.write(begun, never);
    assert.equal(client.stored, begun);
    const same = { ...begun };
    await client.write(same, never);
    assert.equal(client.stored, same);
  });

  test('by another leader, which goes on from what is there and writes no part anew', async () => {
    const disk = new PlanDisk('spring', 'u');
    const workers = pending(1_000);
    await aClient(disk).client.write(aLargeRun(workers), never);
    const before = disk.writes.length;
    const moved = workers.with(900, workerIn(900, 'Failed'));
    await aClient(disk).client.write(aLargeRun(moved), never);
    assert.equal(disk.writes.length, before + 2);
    assert.deepEqual(phasesOf(whole(disk)), phasesOf(aLargeRun(moved)));
  });

  test('whole again after a leader that died after any of its writes', async () => {
    for (let died = 0; died < 9; died++) {
      const disk = new PlanDisk('spring', 'u');
      let workers = pending(1_000);
      disk.writesLeft = died;
      const { client } = aClient(disk);
      try {
        await client.write(aLargeRun(workers), never);
        for (const at of [10, 500, 990]) {
          workers = workers.with(at, workerIn(at, 'Committed'));
          await client.write(aLargeRun(workers), never);
        }
      } catch {
        // It has ended.
      }
      disk.writesLeft = Number.POSITIVE_INFINITY;
      if (disk.plan.status !== undefined) assert.equal(phasesOf(whole(disk))?.length, 1_000);
      await aClient(disk).client.write(aLargeRun(workers), never);
      assert.deepEqual(phasesOf(whole(disk)), phasesOf(aLargeRun(workers)), `died after ${died}`);
    }
  });

  test('and parts of a run before it are deleted, once nothing names them', async () => {
    const disk = new PlanDisk('spring', 'u');
    const { client } = aClient(disk);
    await client.write(aLargeRun(pending(1_000)), never);
    const next = { ...aLargeRun(pending(1_000)), runID: '01234567-1-2' };
    await client.write(next, never);
    assert.deepEqual(disk.names, [
      'spring-01234567-1-2-0-0',
      'spring-01234567-1-2-0-1',
      'spring-01234567-1-2-0-2',
    ]);
    await client.write({ ...aLargeRun(pending(10)), runID: '01234567-1-3' }, never);
    assert.deepEqual(disk.names, []);
    assert.equal(phasesOf(whole(disk))?.length, 10);
  });

  test('anew where somebody has deleted a part of it', async () => {
    const disk = new PlanDisk('spring', 'u');
    const { client } = aClient(disk);
    const workers = pending(1_000);
    await client.write(aLargeRun(workers), never);
    await client.write(aLargeRun(workers.with(0, workerIn(0, 'Committed'))), never);
    const [, second] = disk.names;
    disk.remove(second!);
    await client.write(aLargeRun(workers.with(1, workerIn(1, 'Committed'))), never);
    assert.equal(phasesOf(whole(disk))?.length, 1_000);
  });

  test('shorter where the API server says that it is too large, and that is told', async () => {
    const disk = new PlanDisk('spring', 'u');
    disk.limit = 50_000;
    const { client, shortened } = aClient(disk);
    const workers = Array.from({ length: 300 }, (_, at) => workerIn(at, 'OnTrial'));
    await client.write(aLargeRun(workers), never);
    assert.equal(shortened.length, 1);
    assert.match(shortened[0]!, /told in 40000 characters/);
    assert.equal(whole(disk).commands?.[0]?.k0supdate?.workers?.length, 300);
  });

  test('not at all where not even the least is taken, which is said', async () => {
    const disk = new PlanDisk('spring', 'u');
    disk.limit = 100;
    await assert.rejects(aClient(disk).client.write(aLargeRun(pending(300)), never), /413/);
  });

  test('late only the newest, and no more than once a second', async (context) => {
    const disk = new PlanDisk('spring', 'u');
    const { client } = aClient(disk);
    context.after(() => client.stop());
    let workers = pending(20);
    await client.write(aLargeRun(workers), never);
    for (let at = 0; at < 20; at++) {
      workers = workers.with(at, workerIn(at, 'Committed'));
      client.writeSoon(aLargeRun(workers), never);
    }
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(disk.writes.length, 2);
    assert.deepEqual(phasesOf(whole(disk)), phasesOf(aLargeRun(workers)));
  });
});
