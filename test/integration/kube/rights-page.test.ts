import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startApiServer } from '../../support/api-server.ts';
import { rightsPage } from '../../support/rights/page.ts';

const FILE = join(import.meta.dirname, '../../../docs/usage/rights.md');

test('docs/usage/rights.md is what the API server answers; else: npm run rights', async () => {
  const api = await startApiServer();
  try {
    assert.equal(await rightsPage(api), await readFile(FILE, 'utf8'));
  } finally {
    await api.stop();
  }
});
