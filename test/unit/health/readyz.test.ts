import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeReadyz, learn, type ReadyzAnswer } from '../../../src/health/readyz.ts';

/** What an API server answers when its etcd is gone, shortened. */
const ETCD_GONE = `[+]ping ok
[+]log ok
[-]etcd failed: reason withheld
[-]etcd-readiness failed: reason withheld
[+]informer-sync ok
readyz check failed
`;

const ROWS: readonly (readonly [string, ReadyzAnswer, ready: string, message: string])[] = [
  ['200 is ready', { kind: 'answered', status: 200, body: 'ok' }, 'True', 'ready'],
  [
    'the checks that failed are named',
    { kind: 'answered', status: 500, body: ETCD_GONE },
    'False',
    'failed: etcd, etcd-readiness (HTTP 500)',
  ],
  [
    'a failure without a list tells what there is',
    { kind: 'answered', status: 503, body: 'shutting down\n' },
    'False',
    'HTTP 503: shutting down',
  ],
  [
    'a failure without any text',
    { kind: 'answered', status: 502, body: '' },
    'False',
    'HTTP 502: no text',
  ],
  [
    'we are not let in: that says nothing about its health',
    { kind: 'answered', status: 401, body: '' },
    'Unknown',
    'we may not ask: HTTP 401',
  ],
  [
    'no answer is as bad as a bad one',
    { kind: 'silent', why: '10.0.0.1:6443 refuses connections' },
    'False',
    'no answer: 10.0.0.1:6443 refuses connections',
  ],
  ['not asked is not known', { kind: 'notAsked', why: 'no address' }, 'Unknown', 'no address'],
];

for (const [sentence, answer, ready, message] of ROWS) {
  test(sentence, () => assert.deepEqual(judgeReadyz(answer, 7), { ready, message, atMs: 7 }));
}

const answer = (ready: 'True' | 'False', atMs: number) => ({ ready, message: '', atMs });

test('how long an API server has been ready begins anew with every other answer', () => {
  let known = learn(undefined, answer('True', 1_000));
  assert.equal(known.sinceMs, 1_000);
  known = learn(known, answer('True', 2_000));
  assert.deepEqual([known.atMs, known.sinceMs], [2_000, 1_000]);
  known = learn(known, answer('False', 3_000));
  assert.equal(known.sinceMs, 3_000);
  known = learn(known, answer('True', 4_000));
  assert.equal(known.sinceMs, 4_000);
});

test('who has not asked for a while does not know what was between', () => {
  const known = learn(undefined, answer('True', 1_000));
  assert.equal(learn(known, answer('True', 6_000)).sinceMs, 1_000);
  assert.equal(learn(known, answer('True', 6_001)).sinceMs, 6_001);
});
