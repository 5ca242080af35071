import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aHost, anOrder, drive, LAYOUT } from '../../support/agent-drive.ts';

test('before the swap the new binary is read whole, the old one only if somebody has touched it', async () => {
  const host = aHost();
  await drive(host, () => anOrder('apply'));
  const swap = host.log.findIndex((call) => call.startsWith(`rename ${LAYOUT.binary}`));
  const before = host.log.slice(0, swap);
  assert.ok(before.includes(`sha256 ${LAYOUT.incoming}`));
  assert.ok(before.includes(`untouchedSha256 ${LAYOUT.binary}`));
  assert.ok(!before.includes(`sha256 ${LAYOUT.binary}`));
});
