import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeReadyz, type ReadyzAnswer } from '../../../src/health/readyz.ts';

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
