import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GateSpec } from '../../../src/api/policy-gates.ts';
import { gateFlaws } from '../../../src/gates/gate-flaws.ts';

const http: GateSpec = { name: 'shop', http: { url: 'https://shop.example/health' } };
const prometheus: GateSpec = {
  name: 'errors',
  prometheus: { url: 'http://p:9090', query: 'sum(rate(errors[5m]))', atMost: 1 },
};
const cel: GateSpec = {
  name: 'ready',
  cel: { apiVersion: 'apps/v1', kind: 'Deployment', expression: 'object.spec.replicas > 0' },
};
const job: GateSpec = { name: 'smoke', job: { template: {} } };

test('gates that can be asked have no flaw', () => {
  assert.deepEqual(gateFlaws({ gates: [http, prometheus, cel, job] }), []);
  assert.deepEqual(gateFlaws({}), []);
});

const ROWS: readonly (readonly [what: string, gate: GateSpec, path: string, message: RegExp])[] = [
  ['no kind', { name: 'x' }, '', /wanted exactly one of http.*found none$/],
  ['two kinds', { ...http, job: {} }, '', /found http, job$/],
  ['the name of the built-in one', { ...http, name: 'workloads' }, '.name', /built in/],
  ['a name again', { ...http, name: 'ready' }, '.name', /found ready again/],
  ['asked all the time', { ...http, interval: '0s' }, '.interval', /wanted 1s or more, found 0s/],
  [
    'over before it is asked again',
    { ...http, interval: '10m' },
    '.timeout',
    /no less than interval \(600s\), found 300s/,
  ],
  ['a URL that is none', { name: 'x', http: { url: 'http://' } }, '.http.url', /found "http:\/\/"/],
  [
    'a password in a URL',
    { name: 'x', http: { url: 'http://me:secret@shop' } },
    '.http.url',
    /^wanted a URL without a user and password/,
  ],
  [
    'a regular expression that is none',
    { name: 'x', http: { url: 'http://shop', body: '(ok' } },
    '.http.body',
    /Invalid regular expression/,
  ],
  [
    'a query that does not parse',
    { name: 'x', prometheus: { url: 'http://p', query: 'sum(rate(x[5m])', atMost: 1 } },
    '.prometheus.query',
    /does not parse as PromQL at character 16/,
  ],
  [
    'no bound',
    { name: 'x', prometheus: { url: 'http://p', query: 'up' } },
    '.prometheus',
    /wanted atMost or atLeast, found neither/,
  ],
  [
    'bounds that exclude each other',
    { name: 'x', prometheus: { url: 'http://p', query: 'up', atMost: 1, atLeast: 2 } },
    '.prometheus.atLeast',
    /nothing could be both/,
  ],
  [
    'CEL that does not compile',
    { name: 'x', cel: { ...cel.cel!, expression: 'object.spec.replicas >' } },
    '.cel.expression',
    /does not compile as CEL/,
  ],
  [
    'an apiVersion that is none',
    { name: 'x', cel: { ...cel.cel!, apiVersion: 'apps/v1/../secrets' } },
    '.cel.apiVersion',
    /wanted v1 or GROUP\/VERSION/,
  ],
  [
    'a selector that is none',
    { name: 'x', cel: { ...cel.cel!, selector: 'a=b=c' } },
    '.cel.selector',
    /found "a=b=c"/,
  ],
  [
    'Secrets would be copied',
    { name: 'x', cel: { ...cel.cel!, kind: 'Secret', expression: 'object == baseline' } },
    '.cel.expression',
    /baseline is not kept of Secrets/,
  ],
];
for (const [what, gate, path, message] of ROWS) {
  test(what, () => {
    const flaws = gateFlaws({ gates: [cel, gate] });
    assert.deepEqual(
      flaws.map((flaw) => flaw.path),
      [`gates.1${path}`],
      JSON.stringify(flaws),
    );
    assert.match(flaws[0]!.message, message);
  });
}
