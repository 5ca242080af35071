import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EMPTY_WINDOW, measured } from '../../../src/artifacts/slowness.ts';

it('a server is slow by what a whole window brought, and judged anew in the next', () => {
  const first = measured(EMPTY_WINDOW, 59_999, 0);
  assert.deepEqual(first, { waitedMs: 59_999, bytes: 0 });
  assert.equal(measured(first as typeof EMPTY_WINDOW, 1, 60 * 1024 - 1), 'slow');
  assert.deepEqual(measured(first as typeof EMPTY_WINDOW, 1, 60 * 1024), EMPTY_WINDOW);
});
