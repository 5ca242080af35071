import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REASONS, type Reason } from '../../../src/api/reasons.ts';
import { TROUBLES } from '../../../src/api/steps.ts';
import { ADVICE } from '../../../src/plans/explain-advice.ts';
import { meanwhileOf } from '../../../src/plans/explain-meanwhile.ts';
import { aboutOf, alertsOf } from '../../../tools/docs/runbooks-page.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/usage/runbooks.md'), 'utf8');
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((text) => [text.split('\n', 1)[0], text]),
);

test('there is a runbook for every reason, every trouble and every alert, and for nothing else', () => {
  const alerts = alertsOf(root).map(({ alert }) => alert);
  const wanted = [...alerts, ...Object.keys(REASONS), ...Object.keys(TROUBLES)];
  assert.deepEqual([...sections.keys()].toSorted(), wanted.toSorted());
});

test('each says what it means, what is safe meanwhile, what to do and what to type', () => {
  for (const reason of Object.keys(REASONS) as Reason[]) {
    const text = sections.get(reason) ?? '';
    assert.ok(text.includes(REASONS[reason]), reason);
    assert.ok(text.includes(`- Meanwhile: ${meanwhileOf(reason)}\n`), reason);
    const { fix, next } = ADVICE[reason];
    assert.ok(text.includes(`- Then: ${fix || 'Nothing has to be done.'}\n`), reason);
    for (const command of next(aboutOf(reason))) {
      assert.ok(text.includes(`\n${command}\n`), `${reason}: ${command}`);
    }
  }
});

test('every alert leads to its runbook', () => {
  for (const { alert, annotations } of alertsOf(root)) {
    assert.equal(annotations.runbook, `docs/usage/runbooks.md#${alert.toLowerCase()}`);
  }
});
