import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileNameOf, judgeHead, retryAfterMs } from '../../../src/artifacts/answer.ts';

const url = new URL('https://a/dir/k0s%2Bv1?sig=secret');

describe('the head of an answer', () => {
  const judge = (status: number, headers: Record<string, string>, fromByte?: number) =>
    judgeHead(
      { url, maxBytes: 1000, resume: fromByte === undefined ? undefined : { fromByte } },
      { status, statusText: '', headers },
      0,
    );

  it('of a whole file has no length where none is said, and no weak validator', () => {
    const none = { kind: 'file', fromByte: 0, totalBytes: undefined, validator: undefined };
    assert.deepEqual(judge(200, {}), none);
    assert.deepEqual(judge(200, { etag: 'W/"a"' }), none);
    assert.deepEqual(judge(200, { etag: 'no quotes' }), none);
    assert.deepEqual(judge(200, { etag: '"a"' }), { ...none, validator: '"a"' });
  });

  it('of a whole file, where a part was asked for, begins anew', () => {
    const answer = judge(200, { 'content-length': '500' }, 100);
    assert.deepEqual(answer, { kind: 'file', fromByte: 0, totalBytes: 500, validator: undefined });
  });

  it('of a part without a validator is taken where none was asked for', () => {
    const answer = judge(206, { 'content-range': 'bytes 100-499/500' }, 100);
    assert.deepEqual(answer, {
      kind: 'file',
      fromByte: 100,
      totalBytes: 500,
      validator: undefined,
    });
  });

  for (const range of [
    'bytes 100-498/500',
    'bytes 100-499/*',
    'bytes */500',
    'items 100-499/500',
    '',
  ]) {
    it(`of a part refuses "${range}"`, () => {
      assert.throws(() => judge(206, { 'content-range': range }, 100), { isStale: true });
    });
  }

  it('of a part that would end beyond the longest is refused', () => {
    assert.throws(() => judge(206, { 'content-range': 'bytes 100-1000/1001' }, 100), {
      reason: 'ArtifactTooLarge',
    });
  });
});

describe('what a file is called', () => {
  const name = (disposition?: string) =>
    fileNameOf(
      { status: 200, statusText: '', headers: { 'content-disposition': disposition } },
      url,
    );
  for (const [disposition, expected] of [
    [undefined, 'k0s+v1'],
    ['attachment', 'k0s+v1'],
    ['attachment; filename=bundle.tar', 'bundle.tar'],
    ['attachment; filename="a \\"b\\".tar"', 'a "b".tar'],
    ["attachment; filename=x; filename*=UTF-8''a%20b.tar", 'a b.tar'],
    ['attachment; filename="../../etc/passwd"', '../../etc/passwd'],
  ] as const) {
    it(`is ${expected} by ${disposition}`, () => assert.equal(name(disposition), expected));
  }
});

describe('Retry-After', () => {
  const nowMs = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
  for (const [text, expected] of [
    [undefined, undefined],
    ['120', 120_000],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
    ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
    ['soon', undefined],
  ] as const) {
    it(`${text} is ${expected} ms`, () => assert.equal(retryAfterMs(text, nowMs), expected));
  }
});
