import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Journal, OpenSignal } from '../../../src/node-agent/journal.ts';
import { readJournal, writeJournal } from '../../../src/node-agent/journal-file.ts';
import { layoutOf } from '../../../src/node-agent/layout.ts';
import { settle } from '../../../src/node-agent/settle.ts';
import type { Order } from '../../../src/signals/order.ts';
import { sha256Of } from '../../support/sha256.ts';
import { binaryOf } from '../../support/simulated-binary.ts';
import { CRASH_KINDS, Crash, SimulatedHost } from '../../support/simulated-host.ts';

const LAYOUT = layoutOf({ binary: '/usr/local/bin/k0s', stateFolder: '/var/lib/autopilot' });
const OLD = binaryOf('v1.36.1+k0s.0');
const NEW = binaryOf('v1.36.3+k0s.0');
const OTHER = binaryOf('v1.30.0+k0s.0');

function anOrder(more: Partial<Order> = {}): Order {
  return {
    v: 1,
    id: 'run1.0.1',
    attempt: 1,
    goal: 'apply',
    plan: { name: 'autopilot', uid: 'uid-1' },
    run: 'run1',
    command: 0,
    epoch: 3,
    artifact: { kind: 'k0s', version: 'v1.36.3+k0s.0', url: 'https://r/k0s', force: false },
    durations: { stageMs: 600_000, confirmMs: 60_000 },
    undo: 'binary',
    ...more,
  };
}

/** On trial since the first boot of the host. */
function aSignal(more: Partial<OpenSignal> = {}, boots = 0): OpenSignal {
  const order = more.order ?? anOrder();
  const span = { bootId: 'boot-1', startMs: 0, endMs: 60_000, boots };
  return {
    order,
    goal: order.goal,
    epoch: order.epoch,
    phase: 'OnTrial',
    staging: { ...span, boots: 0 },
    staged: { version: 'v1.36.3+k0s.0', sha256: sha256Of(NEW), size: NEW.length },
    previous: { version: 'v1.36.1+k0s.0', sha256: sha256Of(OLD) },
    restart: { bootId: 'boot-1', oldPid: 100, exits: 0 },
    trial: span,
    ...more,
  };
}

interface Case {
  readonly name: string;
  readonly signal: OpenSignal | undefined;
  readonly live: string;
  readonly kept?: string;
  readonly ends: OpenSignal['phase'] | undefined;
  readonly reason?: string;
  readonly boots?: number;
  readonly liveAfter: string;
}

const CUT_BEFORE_ENTRY = aSignal({ phase: 'Applying' }, 2);
delete CUT_BEFORE_ENTRY.restart;
const NEVER = anOrder({ undo: 'never' });
const SAID = { class: 'Artifact', reason: 'ProcessExits', message: 'it exits' } as const;

const CASES: readonly Case[] = [
  {
    name: 'a host that never had an order is left alone',
    signal: undefined,
    live: OLD,
    ends: undefined,
    liveAfter: OLD,
  },
  {
    name: 'a binary that was put there by hand after a settled order is left alone',
    signal: aSignal({ phase: 'Committed' }),
    live: OTHER,
    kept: OLD,
    ends: 'Committed',
    boots: 0,
    liveAfter: OTHER,
  },
  {
    name: 'the first boot on trial is counted',
    signal: aSignal(),
    live: NEW,
    kept: OLD,
    ends: 'OnTrial',
    boots: 1,
    liveAfter: NEW,
  },
  {
    name: 'the third boot on trial ends it',
    signal: aSignal({}, 2),
    live: NEW,
    kept: OLD,
    ends: 'Undoing',
    reason: 'HostReboots',
    boots: 3,
    liveAfter: OLD,
  },
  {
    name: 'the third boot ends a trial whose restart was cut before its entry',
    signal: CUT_BEFORE_ENTRY,
    live: NEW,
    kept: OLD,
    ends: 'Undoing',
    reason: 'HostReboots',
    boots: 3,
    liveAfter: OLD,
  },
  {
    name: 'boots before the swap are nobody’s fault',
    signal: CUT_BEFORE_ENTRY,
    live: OLD,
    kept: OLD,
    ends: 'Applying',
    boots: 3,
    liveAfter: OLD,
  },
  {
    name: 'what does not go back by itself is held at the third boot',
    signal: aSignal({ order: NEVER }, 2),
    live: NEW,
    kept: OLD,
    ends: 'Held',
    reason: 'HostReboots',
    boots: 3,
    liveAfter: NEW,
  },
  {
    name: 'what is being undone starts as what it was',
    signal: aSignal({ phase: 'Undoing', failure: SAID }),
    live: NEW,
    kept: OLD,
    ends: 'Undoing',
    reason: 'ProcessExits',
    boots: 0,
    liveAfter: OLD,
  },
  {
    name: 'what has been put back already stays',
    signal: aSignal({ phase: 'Undoing', failure: SAID }),
    live: OLD,
    ends: 'Undoing',
    reason: 'ProcessExits',
    boots: 0,
    liveAfter: OLD,
  },
  {
    name: 'an undo with nothing to go back to leaves what is there',
    signal: aSignal({ phase: 'Undoing', failure: SAID }),
    live: NEW,
    kept: OTHER,
    ends: 'Undoing',
    reason: 'ProcessExits',
    boots: 0,
    liveAfter: NEW,
  },
  {
    name: 'a binary that nobody knows makes way for the kept one',
    signal: aSignal(),
    live: OTHER,
    kept: OLD,
    ends: 'Undoing',
    reason: 'SwapFailed',
    boots: 1,
    liveAfter: OLD,
  },
  {
    name: 'a binary that nobody knows stays where there is no other',
    signal: aSignal(),
    live: OTHER,
    ends: 'OnTrial',
    boots: 1,
    liveAfter: OTHER,
  },
  {
    name: 'a binary that nobody knows stays where nothing goes back by itself',
    signal: aSignal({ order: NEVER, phase: 'Held', failure: SAID }),
    live: OTHER,
    kept: OLD,
    ends: 'Held',
    reason: 'ProcessExits',
    boots: 0,
    liveAfter: OTHER,
  },
  {
    name: 'what is held stays in place',
    signal: aSignal({ order: NEVER, phase: 'Held', failure: SAID }),
    live: NEW,
    kept: OLD,
    ends: 'Held',
    reason: 'ProcessExits',
    boots: 0,
    liveAfter: NEW,
  },
];

/** A host that has just been booted, before k0s starts. */
async function aHost({ signal, live, kept }: Case): Promise<SimulatedHost> {
  const host = new SimulatedHost(LAYOUT.binary, OLD);
  const { files } = host;
  for (const content of [NEW, OTHER]) host.addWhole(content);
  const place = async (content: string, path: string) => {
    host.overwrite(LAYOUT.incoming, content);
    await files.chmod(LAYOUT.incoming, 0o755);
    await files.rename(LAYOUT.incoming, path);
  };
  if (kept !== undefined) await place(kept, LAYOUT.undo);
  await place(live, LAYOUT.binary);
  await files.syncFolder(LAYOUT.binaryFolder);
  const journal: Journal = { v: 1, epoch: 3, settled: [], ...(signal && { signal }) };
  if (signal) await writeJournal(files, LAYOUT, journal);
  host.boot();
  host.calls = 0;
  return host;
}

async function outcomeOf(host: SimulatedHost) {
  const { journal } = await readJournal(host.files, LAYOUT);
  const { signal } = journal;
  return {
    phase: signal?.phase,
    reason: signal?.failure?.reason,
    boots: signal?.trial?.boots,
    live: host.content(LAYOUT.binary),
    others: host.paths().filter((path) => !path.startsWith(LAYOUT.journal)),
  };
}

describe('before k0s starts', () => {
  for (const one of CASES) {
    it(one.name, async () => {
      const host = await aHost(one);
      await settle(host, LAYOUT);
      const found = await outcomeOf(host);
      assert.equal(found.phase, one.ends);
      assert.equal(found.reason, one.reason);
      assert.equal(found.boots, one.boots);
      assert.equal(found.live, one.liveAfter);
      assert.equal(host.runs, undefined, 'nothing is started');
      const { calls } = host;
      await settle(host, LAYOUT);
      assert.ok(host.calls - calls <= calls, 'a second time it does no more than the first time');
      assert.deepEqual(await outcomeOf(host), found);
    });
  }

  it('says what it did, and what it could not do', async () => {
    const said: string[] = [];
    const log = (level: string, message: string) => void said.push(`${level}: ${message}`);
    await settle(await aHost(CASES.find(({ reason }) => reason === 'HostReboots')!), LAYOUT, log);
    assert.deepEqual(said, [
      'warn: boot 3 within the trial',
      'warn: the host was booted 3 times since k0s v1.36.3+k0s.0 was put in place',
      'warn: v1.36.1+k0s.0 was put back before k0s starts',
      'info: v1.36.1+k0s.0 is back in place',
    ]);
    said.length = 0;
    await settle(await aHost(CASES.find(({ kept }) => kept === OTHER)!), LAYOUT, log);
    assert.deepEqual(said, [
      `error: v1.36.3+k0s.0 is still in place; wanted sha256 ${sha256Of(OLD)} (v1.36.1+k0s.0) at ${LAYOUT.undo}, found ${sha256Of(OTHER)}`,
    ]);
  });
});

describe('cut at any host call and done again, it comes to the same', () => {
  let cuts = 0;
  for (const one of CASES) {
    it(one.name, async () => {
      const sound = await aHost(one);
      await settle(sound, LAYOUT);
      const { calls } = sound;
      const wanted = await outcomeOf(sound);
      for (let call = 1; call <= calls; call++) {
        for (const kind of CRASH_KINDS) {
          const host = await aHost(one);
          host.crashAt = { call, kind };
          await assert.rejects(settle(host, LAYOUT), (thrown) => thrown instanceof Crash);
          const isAnotherBoot = host.revive(kind);
          await settle(host, LAYOUT);
          cuts++;
          const found = await outcomeOf(host);
          const at = `${kind} at call ${call} of ${calls} (${sound.log.at(call - calls - 1)})`;
          // another boot counts as one, and two of them may be the third
          if (isAnotherBoot && found.boots !== wanted.boots) {
            assert.equal(found.boots, wanted.boots! + 1, at);
            continue;
          }
          assert.deepEqual(found, wanted, at);
        }
      }
    });
  }

  it('at hundreds of cuts', (t) => {
    t.diagnostic(`${cuts} cuts`);
    assert.ok(cuts > 200, `${cuts}`);
  });
});
