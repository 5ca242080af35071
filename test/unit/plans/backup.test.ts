import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import type { ControlNodeFacts } from '../../../src/plans/facts.ts';
import type { Signal } from '../../../src/signals/report.ts';
import { anUpdate, aReport, aSpec, NEW, SHA, START_MS } from '../../support/builders.ts';
import {
  actionsOf,
  failureOf,
  look,
  ordered,
  ordersOf,
  statusOf,
  targetOf,
} from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ controllers: '' }));
const WANTED = { keep: 3, withinMs: 600_000 };
const MADE = { path: '/var/lib/autopilot/backups/k0s_backup_1.tar.gz', size: 4711 };
const down: Partial<ControlNodeFacts> = {
  apiServer: { ready: 'False', message: 'no answer', atMs: 1, sinceMs: 1 },
};
const staged = { version: NEW, sha256: SHA, size: 9 };

const parked = (backup?: typeof WANTED) =>
  ordered({ goal: 'stage', signal: { phase: 'Staged', staged }, order: backup ? { backup } : {} });

const applied = (signal: Partial<Signal>, undo: 'binary' | 'never' = 'binary') =>
  ordered({ goal: 'apply', signal: { staged, ...signal }, order: { backup: WANTED, undo } });

function asked(controllers: Record<string, Partial<ControlNodeFacts>>, policy: PolicyLayer = {}) {
  const orders = ordersOf(look({ spec: SPEC, controllers, policy }));
  return Object.entries(orders).flatMap(([name, { goal, backup }]) =>
    goal !== 'stage' || backup === undefined ? [] : [[name, backup]],
  );
}

test('the first controller is told to back up, the others are not', () => {
  assert.deepEqual(asked({ 'cp-1': {}, 'cp-2': {} }), [['cp-1', WANTED]]);
});

test('what the policy says of it is passed on', () => {
  const policy: PolicyLayer = { backup: { keep: 1, timeout: '30s' } };
  assert.deepEqual(asked({ 'cp-1': {} }, policy), [['cp-1', { keep: 1, withinMs: 30_000 }]]);
  assert.deepEqual(asked({ 'cp-1': {} }, { backup: { mode: 'Never' } }), []);
});

test('a controller that is down is repaired without one; the first healthy one makes it', () => {
  const found = { 'cp-2': {}, 'cp-3': {} };
  assert.deepEqual(asked({ 'cp-1': down, ...found }), []);
  assert.deepEqual(asked({ 'cp-1': { ...parked(), ...down }, ...found }), []);
  const atMs = START_MS + 1;
  const repaired = { apiServer: { ready: 'True', message: 'ready', atMs, sinceMs: atMs } } as const;
  const onTrial = ordered({ goal: 'apply', signal: { phase: 'OnTrial', staged }, order: {} });
  const next = asked({ 'cp-1': { ...onTrial, ...repaired }, ...found });
  assert.deepEqual(next, [['cp-2', WANTED]]);
});

test('a controller that runs the version already makes none; the first that is touched does', () => {
  const report = { kind: 'valid', value: aReport({ k0sVersion: NEW }) } as const;
  assert.deepEqual(asked({ 'cp-1': { report }, 'cp-2': {} }), [['cp-2', WANTED]]);
});

test('one that was asked already stays the one, whoever leads', () => {
  assert.deepEqual(asked({ 'cp-1': {}, 'cp-2': parked(WANTED), 'cp-3': {} }), []);
});

test('no healthy controller overtakes the one that backs up, one to be repaired does', () => {
  const parkedTwo = { 'cp-1': parked(), 'cp-2': parked(WANTED) };
  assert.deepEqual(actionsOf(look({ spec: SPEC, controllers: parkedTwo })), ['apply cp-2']);
  const repair = { 'cp-1': { ...parked(), ...down }, 'cp-2': parked(WANTED) };
  assert.deepEqual(actionsOf(look({ spec: SPEC, controllers: repair })), ['apply cp-1']);
});

test('while k0s is being backed up the Plan says so, and the deadline has room for it', () => {
  const told = { 'cp-1': { phase: 'Applying', state: 'SignalSent' } } as const;
  const scene = {
    spec: SPEC,
    told,
    controllers: { 'cp-1': applied({ phase: 'Staged', goal: 'apply' }) },
  };
  const decision = look(scene);
  assert.equal(targetOf(decision, 'cp-1').reason, 'WaitsForBackup');
  assert.equal(targetOf(decision, 'cp-1').message, 'k0s is being backed up');
  const endMs = START_MS + 90_000 + 600_000 + 300_000;
  assert.equal(targetOf(decision, 'cp-1').deadline, new Date(endMs).toISOString());
  assert.deepEqual(actionsOf(look({ ...scene, nowMs: endMs - 1 })), []);
  assert.deepEqual(actionsOf(look({ ...scene, nowMs: endMs })), ['undo cp-1']);
});

test('what was saved is written down, once', () => {
  const controllers = { 'cp-1': applied({ phase: 'Staged', backup: MADE }) };
  const first = look({ spec: SPEC, controllers });
  const wanted = { node: 'cp-1', ...MADE, takenAt: new Date(START_MS).toISOString() };
  assert.deepEqual(statusOf(first).commands?.[0]?.backup, wanted);
  assert.equal(targetOf(first, 'cp-1').message, 'told to swap the binary');
  const later = look({
    spec: SPEC,
    controllers,
    status: statusOf(first),
    nowMs: START_MS + 9_000,
  });
  assert.deepEqual(statusOf(later).commands?.[0]?.backup, wanted);
});

test('a backup that fails ends the run with nothing touched, and names the way out', () => {
  const decision = look({
    spec: SPEC,
    controllers: {
      'cp-1': applied({ phase: 'Failed', reason: 'BackupFailed', message: 'no space left' }),
      'cp-2': ordered({ goal: 'cancel', signal: { phase: 'Cancelled' } }),
    },
  });
  assert.equal(failureOf(decision)?.reason, 'BackupFailed');
  assert.equal(
    failureOf(decision)?.message,
    'cp-1 failed: no space left. Now no target runs v1.36.3+k0s.0, cp-2 was not touched. Mend the cause, or let the policy say `backup: {mode: Never}`, then `autopilot retry autopilot`, or apply the Plan with a new spec.id',
  );
});

test('a controller that is held names the backup to restore', () => {
  const spec = aSpec(anUpdate({ controllers: '', version: 'v1.37.0+k0s.0' }));
  const held = (backup?: typeof MADE) =>
    look({
      spec,
      controllers: {
        'cp-1': {
          ...applied({ phase: 'Held', ...(backup && { backup }) }, 'never'),
          ...down,
        },
      },
      told: { 'cp-1': { phase: 'Held', state: 'SignalSent' } },
    });
  assert.match(
    targetOf(held(MADE), 'cp-1').message ?? '',
    /restore the backup \/var\/lib\/autopilot\/backups\/k0s_backup_1.tar.gz on cp-1, made at 2026-03-01T22:00:00.000Z$/,
  );
  assert.match(targetOf(held(), 'cp-1').message ?? '', /this run has made none$/);
});

test('each command makes one of its own, and a later one without falls back on the last', () => {
  const spec = aSpec(
    anUpdate({ controllers: '' }),
    anUpdate({ controllers: '', version: 'v1.37.0+k0s.0' }),
  );
  const saved = applied({ phase: 'Committed', backup: MADE });
  const first = look({ spec, controllers: { 'cp-1': saved } });
  const second = look({ spec, controllers: { 'cp-1': saved }, status: statusOf(first) });
  assert.deepEqual(ordersOf(second)['cp-1']?.backup, WANTED);
  const held = look({
    spec,
    status: statusOf(second),
    controllers: {
      'cp-1': {
        ...ordered({
          goal: 'apply',
          signal: { phase: 'Held' },
          order: { id: '01234567-1.1.1', command: 1, undo: 'never' },
        }),
        ...down,
      },
    },
  });
  assert.match(targetOf(held, 'cp-1', 1).message ?? '', /restore the backup .* on cp-1/);
});
