import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  judgePrometheus,
  type PrometheusSpec,
  queryUrl,
} from '../../../src/gates/prometheus-gate.ts';

const url = 'http://prometheus.example:9090/tenant';
const atMost: PrometheusSpec = { url, query: 'errors', atMost: 0.01 };

const success = (data: unknown) => ({
  status: 200,
  body: JSON.stringify({ status: 'success', data }),
});
const vector = (...samples: [labels: Record<string, string>, value: string][]) =>
  success({
    resultType: 'vector',
    result: samples.map(([metric, value]) => ({ metric, value: [1.5, value] })),
  });
const api = { __name__: 'errors', job: 'api' };

const ROWS: readonly (readonly [
  what: string,
  spec: PrometheusSpec,
  answer: { status: number; body: string },
  outcome: string,
  message: RegExp,
])[] = [
  [
    'the bound itself passes',
    atMost,
    vector([api, '0.01']),
    'pass',
    /found 0.01 errors\{job="api"\}$/,
  ],
  [
    'one of many above the bound is no, and only it is named',
    atMost,
    vector([api, '0'], [{ job: 'db' }, '0.5']),
    'fail',
    /^wanted at most 0.01, found 0.5 \{job="db"\}$/,
  ],
  ['a scalar', atMost, success({ resultType: 'scalar', result: [1, '0'] }), 'pass', /found 0$/],
  [
    'below atLeast is no',
    { url, query: 'up', atLeast: 1 },
    vector([api, '0']),
    'fail',
    /wanted at least 1, found 0/,
  ],
  [
    'between both bounds',
    { url, query: 'q', atLeast: 1, atMost: 2 },
    vector([{}, '1.5']),
    'pass',
    /wanted at least 1 and at most 2, found 1.5/,
  ],
  ['infinity is above any bound', atMost, vector([{}, '+Inf']), 'fail', /found Infinity/],
  ['minus infinity is not', atMost, vector([{}, '-Inf']), 'pass', /found -Infinity/],
  ['NaN is no value', atMost, vector([api, 'NaN']), 'unknown', /found NaN errors/],
  [
    'NaN beside one that is certainly wrong changes nothing',
    atMost,
    vector([{}, 'NaN'], [{}, '1']),
    'fail',
    /found 1/,
  ],
  ['an empty result is unknown', atMost, vector(), 'unknown', /no sample/],
  ['unless it is said to be a pass', { ...atMost, empty: 'Pass' }, vector(), 'pass', /no sample/],
  ['or a no', { ...atMost, empty: 'Fail' }, vector(), 'fail', /no sample/],
  [
    'an error in the words of Prometheus',
    atMost,
    {
      status: 422,
      body: '{"status":"error","errorType":"execution","error":"many-to-many matching not allowed"}',
    },
    'unknown',
    /tenant says execution: many-to-many matching not allowed$/,
  ],
  [
    'a range is no instant vector',
    atMost,
    success({ resultType: 'matrix', result: [] }),
    'unknown',
    /wanted an instant vector or a scalar, found a matrix/,
  ],
  [
    'a histogram has no one value',
    atMost,
    success({ resultType: 'vector', result: [{ metric: api, histogram: [1, {}] }] }),
    'unknown',
    /found NaN/,
  ],
  [
    'the page of a proxy is no answer',
    atMost,
    { status: 502, body: '<html>' },
    'unknown',
    /wanted an answer of Prometheus, found HTTP 502 with another body at http/,
  ],
];
for (const [what, spec, answer, outcome, message] of ROWS) {
  test(what, () => {
    const found = judgePrometheus(spec, answer);
    assert.equal(found.outcome, outcome, found.message);
    assert.match(found.message, message);
  });
}

test('the query is asked below the path of the server', () => {
  assert.equal(
    queryUrl({ url: 'https://p.example/tenant/?org=1', query: 'a > 1' }),
    'https://p.example/tenant/api/v1/query?org=1&query=a+%3E+1',
  );
  assert.equal(
    queryUrl({ url: 'http://p:9090', query: 'up' }),
    'http://p:9090/api/v1/query?query=up',
  );
});
