import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { atMirror, covers } from '../../../src/artifacts/address.ts';
import { isDirect } from '../../../src/artifacts/proxy.ts';

describe('a prefix', () => {
  for (const [sentence, prefix, url, expected] of [
    ['covers itself', 'https://a/k0s', 'https://a/k0s', true],
    ['covers what is below it', 'https://a/k0s', 'https://a/k0s/v1/k0s?sig=1', true],
    ['covers the same with a slash at its end', 'https://a/k0s/', 'https://a/k0s/v1', true],
    ['covers all of a host', 'https://a', 'https://a/x', true],
    ['knows default ports', 'https://a:443/k0s', 'https://a/k0s', true],
    ['knows that hosts have no case', 'https://A/k0s', 'https://a/k0s', true],
    ['knows that a plus may be encoded', 'https://a/v1+k0s', 'https://a/v1%2Bk0s/k0s', true],
    ['takes who asks for no host', 'https://a/k0s', 'https://me@a/k0s', true],
    ['covers no other file that begins alike', 'https://a/k0s', 'https://a/k0s-evil', false],
    ['covers no other host that begins alike', 'https://a', 'https://a.evil/', false],
    ['is not taken in by a user', 'https://a/', 'https://a@evil/', false],
    ['is not taken in by a password', 'https://a/', 'https://a:443@evil/', false],
    ['is not taken in by a backslash', 'https://a/', 'https://evil\\@a/', false],
    ['covers no other port', 'https://a/', 'https://a:8443/', false],
    ['covers no other scheme', 'https://a/', 'http://a/', false],
    ['knows that paths have a case', 'https://a/k0s', 'https://a/K0S', false],
    ['follows dots', 'https://a/k0s', 'https://a/k0s/../evil', false],
    ['follows encoded dots', 'https://a/k0s', 'https://a/k0s/%2E%2e/evil', false],
    ['trusts no dots that are encoded twice', 'https://a/k0s', 'https://a/k0s/%252e%252e/e', false],
    ['trusts no encoded slash', 'https://a/k0s', 'https://a/k0s/..%2Fevil', false],
    ['trusts no encoded backslash', 'https://a/k0s', 'https://a/k0s/..%5cevil', false],
    ['trusts no dots with a parameter', 'https://a/k0s', 'https://a/k0s/..;/evil', false],
    ['trusts nothing that cannot be read', 'https://a/k0s', 'https://a/k0s/%ff', false],
    ['that is no address covers nothing', 'a/k0s', 'https://a/k0s', false],
  ] as const) {
    it(sentence, () => assert.equal(covers(prefix, new URL(url)), expected));
  }
});

describe('a mirror', () => {
  for (const [sentence, url, prefix, mirror, expected] of [
    [
      'takes the place of the prefix',
      'https://a/dl/v1+k0s.0/k0s?x=1',
      'https://a/dl',
      'http://m:81/k0s/',
      'http://m:81/k0s/v1+k0s.0/k0s?x=1',
    ],
    [
      'leaves what is encoded',
      'https://a/v1%2Bk0s/k',
      'https://a/',
      'https://m',
      'https://m/v1%2Bk0s/k',
    ],
    ['is for its prefix alone', 'https://b/k', 'https://a/', 'https://m', undefined],
  ] as const) {
    it(sentence, () => assert.equal(atMirror(url, prefix, mirror), expected));
  }
});

describe('the way around a proxy', () => {
  for (const [url, noProxy, expected] of [
    ['http://10.1.2.3/', undefined, false],
    ['http://10.1.2.3/', '10.0.0.0/8', true],
    ['http://11.1.2.3/', '10.0.0.0/8', false],
    ['http://192.168.1.130/', '192.168.1.128/25', true],
    ['http://192.168.1.127/', '192.168.1.128/25', false],
    ['http://1.2.3.4/', '0.0.0.0/0', true],
    ['http://a.example.com/', 'x, example.com', true],
    ['http://example.com/', 'example.com', true],
    ['http://example.com/', '.example.com', false],
    ['http://a.example.com/', '.example.com', true],
    ['http://a.example.com/', '*.example.com', true],
    ['http://badexample.com/', 'example.com', false],
    ['http://EXAMPLE.com/', 'Example.COM', true],
    ['https://example.com/', 'example.com:443', true],
    ['http://example.com/', 'example.com:443', false],
    ['http://[::1]/', '::1', true],
    ['http://[::1]:8080/', '[::1]:8080', true],
    ['http://anything/', '*', true],
    ['http://1.2.3.4/', '3.4', false],
    ['http://1.2.3.4/', ',,:/nonsense/33', false],
  ] as const) {
    it(`${url} ${expected ? 'goes' : 'does not go'} around it by ${noProxy}`, () =>
      assert.equal(isDirect(new URL(url), noProxy), expected));
  }
});
