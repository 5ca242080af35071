import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCordonMark, parseCordonMark } from '../../../src/drain/cordon-mark.ts';
import { explainRefusal } from '../../../src/drain/explain.ts';
import { ApiError, type ApiStatus } from '../../../src/kube/api-error.ts';

function refusal(status: number, body: ApiStatus): ApiError {
  return new ApiError('POST eviction', status, body, undefined);
}

/** As v1.36.3 answers. */
const cannotEvict = "Cannot evict pod as it would violate the pod's disruption budget.";
const byBudget = (message: string) =>
  refusal(429, {
    reason: 'TooManyRequests',
    message: cannotEvict,
    details: { causes: [{ reason: 'DisruptionBudget', message }] },
  });

const ROWS: readonly (readonly [string, ApiError, string, string?])[] = [
  [
    'a budget, with its arithmetic',
    byBudget('The disruption budget web needs 5 healthy pods and has 5 currently'),
    'budget web allows no disruption now (needs 5 healthy pods, has 5)',
    'web',
  ],
  [
    'a budget whose state is not known yet',
    byBudget('The disruption budget web is still being processed by the server.'),
    'The disruption budget web is still being processed by the server.',
  ],
  [
    'a busy API server',
    refusal(429, { reason: 'TooManyRequests', message: 'too many requests' }),
    'the API server asks to wait (POST eviction: 429 too many requests)',
  ],
  [
    'anything else, in the words of the API server',
    refusal(403, { reason: 'Forbidden', message: 'namespace is being terminated' }),
    'POST eviction: 403 namespace is being terminated',
  ],
];

for (const [sentence, thrown, message, budget] of ROWS) {
  test(sentence, () => assert.deepEqual(explainRefusal(thrown), { message, budget }));
}

test('the mark of a cordon tells the order and whose cordon it is, there and back', () => {
  for (const [text, mark] of [
    ['run.0.1', { orderId: 'run.0.1', ours: true }],
    ['run.0.1/kept', { orderId: 'run.0.1', ours: false }],
  ] as const) {
    assert.deepEqual(parseCordonMark(text), mark);
    assert.equal(formatCordonMark(mark), text);
  }
  assert.equal(parseCordonMark(undefined), undefined);
  assert.equal(parseCordonMark(''), undefined);
});
