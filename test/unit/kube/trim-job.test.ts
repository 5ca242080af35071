import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trimJob } from '../../../src/kube/trim-job.ts';

const metadata = { name: 'autopilot-warm-0', namespace: 'k0s-autopilot', resourceVersion: '7' };
const condition = (type: string, status: string, more: object = {}) => ({ type, status, ...more });

for (const [what, conditions, state, message] of [
  ['a Job without a condition runs', undefined, 'Running', ''],
  [
    'one whose pods are still being ended runs',
    [condition('FailureTarget', 'True')],
    'Running',
    '',
  ],
  ['one that is suspended runs', [condition('Suspended', 'True')], 'Running', ''],
  ['a condition that does not hold says nothing', [condition('Failed', 'False')], 'Running', ''],
  [
    'one that is complete has succeeded',
    [condition('SuccessCriteriaMet', 'True'), condition('Complete', 'True')],
    'Succeeded',
    '',
  ],
  [
    'one that failed says why',
    [condition('Failed', 'True', { reason: 'DeadlineExceeded', message: 'Job was active longer' })],
    'Failed',
    'DeadlineExceeded: Job was active longer',
  ],
] as const) {
  test(what, () => {
    const found = trimJob({ metadata, ...(conditions ? { status: { conditions } } : {}) });
    assert.deepEqual(found, { ...metadata, state, message });
  });
}
