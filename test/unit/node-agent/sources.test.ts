import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DownloadError } from '../../../src/artifacts/errors.ts';
import {
  afterFailure,
  chooseSource,
  lastWord,
  sourcesOf,
} from '../../../src/node-agent/sources.ts';

const A = 'https://a/k0s';
const B = 'https://b/k0s';
const error = (retryable: boolean, more = {}) => new DownloadError('no', { retryable, ...more });
const two = sourcesOf({ url: A, mirrors: [B] }, { mirrors: [] });
const failed = (
  sources: typeof two,
  url: string,
  thrown = error(true),
  nowMs = 0,
  broughtBytes = false,
) => afterFailure(sources, url, { error: thrown, nowMs, broughtBytes, random: () => 1 });

describe('sources', () => {
  it("are the host's own mirrors, then the order's, each once", () => {
    const mirrors = [{ prefix: 'https://a/', mirrors: ['https://m1', 'https://m2/x', B] }];
    const urls = sourcesOf({ url: `${A}?x`, mirrors: [B, B, `${A}?x`] }, { mirrors }).map(
      ({ url }) => url,
    );
    assert.deepEqual(urls, [
      'https://m1/k0s?x',
      'https://m2/x/k0s?x',
      'https://b/k0s/k0s?x',
      `${A}?x`,
      B,
    ]);
  });

  it('are asked in their order', () => {
    assert.deepEqual(chooseSource(two, 0, undefined), { kind: 'ask', url: A });
  });

  it('rest after a failure, longer each time in a row, and then come first again', () => {
    const once = failed(two, A);
    assert.deepEqual(chooseSource(once, 999, undefined), { kind: 'ask', url: B });
    assert.deepEqual(chooseSource(once, 1000, undefined), { kind: 'ask', url: A });
    const twice = failed(once, A, error(true), 1000);
    assert.deepEqual(chooseSource(twice, 2999, undefined), { kind: 'ask', url: B });
    const both = failed(twice, B, error(true), 1000);
    assert.deepEqual(chooseSource(both, 1500, undefined), { kind: 'wait', untilMs: 2000 });
    const many = Array.from({ length: 20 }).reduce<typeof two>((so) => failed(so, A), two);
    assert.equal(many[0]?.restsUntilMs, 60_000);
    assert.equal(failed(many, A, error(true), 0, true)[0]?.restsUntilMs, 1000, 'it brought bytes');
  });

  it('rest as long as they ask for', () => {
    const patient = failed(two, A, error(true, { retryAfterMs: 90_000 }));
    assert.equal(patient[0]?.restsUntilMs, 90_000);
  });

  it('are waited for a few times where our part is from them', () => {
    let sources = failed(two, B);
    assert.deepEqual(chooseSource(two, 0, B), { kind: 'ask', url: B });
    assert.deepEqual(chooseSource(sources, 0, B), { kind: 'wait', untilMs: 1000 });
    for (let more = 0; more < 3; more++) sources = failed(sources, B);
    assert.deepEqual(chooseSource(sources, 0, B), { kind: 'ask', url: A });
    const over = failed(two, B, error(false));
    assert.deepEqual(chooseSource(over, 0, B), { kind: 'ask', url: A });
  });

  it('are done with once each has failed for good, with the most telling reason', () => {
    const one = failed(two, A, error(false, { reason: 'SourceForbidden' }));
    assert.deepEqual(chooseSource(one, 0, undefined), { kind: 'ask', url: B });
    const none = failed(one, B, new DownloadError('404', { retryable: false }));
    assert.deepEqual(chooseSource(none, 0, undefined), { kind: 'none' });
    assert.deepEqual(lastWord(none), { reason: 'DownloadFailed', message: '404; no' });
  });
});
