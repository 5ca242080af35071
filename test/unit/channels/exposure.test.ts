import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseK0sVersion } from '../../../src/api/k0s-version.ts';
import type { Exposure } from '../../../src/api/update-config.ts';
import { countExposures } from '../../../src/channels/exposure.ts';
import type { Offered } from '../../../src/channels/offered.ts';
import { START_MS } from '../../support/builders.ts';

const HOUR = 3_600_000;
const machine = (name: string, version: string | undefined) => ({
  name,
  role: 'worker' as const,
  platform: 'linux-amd64',
  version: version === undefined ? undefined : parseK0sVersion(version),
});
const offered: Offered = {
  releases: [
    {
      version: parseK0sVersion('v1.36.3+k0s.0')!,
      releasedMs: START_MS - 10 * HOUR,
      severity: 'critical',
      cves: ['CVE-2026-1'],
      platforms: new Map(),
    },
  ],
  blocked: { versions: [], edges: [] },
  expiresMs: undefined,
};
const old = 'v1.36.1+k0s.0';
const fresh = 'v1.36.3+k0s.0';

function run(steps: [atHours: number, versions: (string | undefined)[]][]): Exposure | undefined {
  let exposures: readonly Exposure[] = [];
  for (const [atHours, versions] of steps) {
    const machines = versions.map((version, at) => machine(`w${at}`, version));
    exposures = countExposures(exposures, offered, machines, START_MS + atHours * HOUR);
  }
  return exposures[0];
}

test('machine hours add up from the release on, and end with the last machine', () => {
  const found = run([
    [0, [old, old, old]],
    [1, [old, old, old]],
    [2, [fresh, old, old]],
    [3, [fresh, fresh, fresh]],
    [9, [fresh, fresh, fresh]],
  ]);
  // 3 x 10 h before it was seen, 3 x 2 h, then 2 x 1 h.
  assert.equal(found?.nodeHours, 38);
  assert.equal(found.behind, 0);
  assert.equal(found.doneAt, new Date(START_MS + 3 * HOUR).toISOString());
  assert.deepEqual(found.cves, ['CVE-2026-1']);
});

test('a machine that says nothing at the moment is no proof that it has the release', () => {
  assert.equal(
    run([
      [0, [old]],
      [1, [undefined]],
    ])?.doneAt,
    undefined,
  );
});

test('a machine that comes back with something older counts again', () => {
  const found = run([
    [0, [old]],
    [1, [fresh]],
    [2, [old]],
    [3, [old]],
  ]);
  assert.equal(found?.behind, 1);
  assert.equal(found.doneAt, undefined);
  assert.equal(found.nodeHours, 12);
});

test('what every machine has already is no exposure, nor is what was taken back', () => {
  assert.equal(run([[0, [fresh]]]), undefined);
  const blocked = {
    ...offered,
    blocked: { versions: [{ version: fresh, reason: 'x' }], edges: [] },
  };
  assert.deepEqual(countExposures([], blocked, [machine('w', old)], START_MS), []);
  const counted = countExposures([], offered, [machine('w', old)], START_MS);
  assert.deepEqual(countExposures(counted, blocked, [machine('w', old)], START_MS), []);
});

test('between two additions nothing is written', () => {
  const first = countExposures([], offered, [machine('w', old)], START_MS);
  assert.equal(countExposures(first, offered, [machine('w', old)], START_MS + 60_000), first);
});
