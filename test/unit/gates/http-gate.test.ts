import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HttpSpec, judgeHttp } from '../../../src/gates/http-gate.ts';

const url = 'http://shop.example/health';
const ROWS: readonly (readonly [
  what: string,
  spec: Omit<HttpSpec, 'url'>,
  answer: { status: number; body: string },
  outcome: string,
  message: string,
])[] = [
  ['any 2xx is good', {}, { status: 204, body: '' }, 'pass', `HTTP 204 at ${url}`],
  [
    'a redirect is not',
    {},
    { status: 302, body: '' },
    'fail',
    `wanted HTTP 200 to 299, found 302 at ${url}`,
  ],
  [
    'a status that is not listed is bad, even 200',
    { status: [201, 418] },
    { status: 200, body: '' },
    'fail',
    `wanted HTTP 201, 418, found 200 at ${url}`,
  ],
  [
    'a listed one is good',
    { status: [418] },
    { status: 418, body: '' },
    'pass',
    `HTTP 418 at ${url}`,
  ],
  [
    'the body matches anywhere',
    { body: '"ok":\\s*true' },
    { status: 200, body: '{"ok": true}' },
    'pass',
    `HTTP 200 at ${url}`,
  ],
  [
    'a body that does not match is no, and is not shown',
    { body: '^ready$' },
    { status: 200, body: 'secret' },
    'fail',
    `wanted ^ready$ in the answer, found none in the first 6 characters of ${url}`,
  ],
];
for (const [what, spec, answer, outcome, message] of ROWS) {
  test(what, () => assert.deepEqual(judgeHttp({ url, ...spec }, answer), { outcome, message }));
}
