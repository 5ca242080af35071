import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_JOURNAL } from '../../../src/node-agent/journal.ts';
import { readJournal, writeJournal } from '../../../src/node-agent/journal-file.ts';
import { aHost, LAYOUT } from '../../support/agent-drive.ts';
import { Crash, type CrashKind, type SimulatedHost } from '../../support/simulated-host.ts';

/** Lets a host end at one of its next calls. */
async function endAt(
  host: SimulatedHost,
  kind: CrashKind,
  calls: number,
  act: () => Promise<unknown>,
): Promise<void> {
  host.crashAt = { call: host.calls + calls, kind };
  await assert.rejects(act, Crash);
  host.crashAt = undefined;
  host.revive(kind);
}

test('what was read is not taken back by a power cut, wherever the one who wrote it was killed', async () => {
  const [before, after] = [1, 2].map((epoch) => ({ ...EMPTY_JOURNAL, epoch }));
  assert.ok(before && after);
  for (const calls of [1, 2, 3, 4]) {
    const host = aHost();
    await writeJournal(host.files, LAYOUT, before);
    await endAt(host, 'killed', calls, () => writeJournal(host.files, LAYOUT, after));
    const { journal } = await readJournal(host.files, LAYOUT);
    await endAt(host, 'power-lost', 1, () => host.files.list(LAYOUT.stateFolder));
    assert.deepEqual((await readJournal(host.files, LAYOUT)).journal, journal, `call ${calls}`);
  }
});
