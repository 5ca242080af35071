import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  authorizationFor,
  judgeSecrecy,
  parseCredentials,
} from '../../../src/artifacts/credentials.ts';

const TEXT = `
credentials:
- {prefix: https://a/, username: me, password: "p:w"}
- {prefix: https://a/deep, bearer: token}
`;

describe('a file of credentials', () => {
  it('gives those of the longest prefix, and of no other', () => {
    const all = parseCredentials(TEXT);
    const basic = `Basic ${Buffer.from('me:p:w').toString('base64')}`;
    assert.equal(authorizationFor(new URL('https://a/k0s'), all), basic);
    assert.equal(authorizationFor(new URL('https://a/deep/k0s'), all), 'Bearer token');
    assert.equal(authorizationFor(new URL('http://a/k0s'), all), undefined);
    assert.equal(authorizationFor(new URL('https://a.evil/'), all), undefined);
  });

  for (const [sentence, text, message] of [
    ['is YAML', 'credentials: [', /^Error: wanted YAML: /],
    ['holds credentials', 'password: secret', /^Error: at credentials: /],
    ['holds a list of them', 'credentials: secret', /^Error: at credentials: /],
    [
      'has a password or a bearer in each',
      'credentials: [{prefix: "https://a", username: secret}]',
      /^Error: at credentials\.0: wanted prefix/,
    ],
    [
      'holds no header of its own',
      'credentials: [{prefix: "https://a", bearer: "secret\\nx: y"}]',
      /^Error: at credentials\.0/,
    ],
  ] as const) {
    it(`${sentence}, and is refused without a secret in the message`, () => {
      assert.throws(
        () => parseCredentials(text),
        (thrown) => {
          assert.match(String(thrown), message);
          assert.doesNotMatch(String(thrown), /secret/);
          return true;
        },
      );
    });
  }

  for (const [uid, mode, objection] of [
    [0, 0o100600, undefined],
    [0, 0o100400, undefined],
    [0, 0o100640, 'wanted it readable by its owner alone (0600), found 0640'],
    [0, 0o100602, 'wanted it readable by its owner alone (0600), found 0602'],
    [1000, 0o100600, 'wanted root as its owner, found user 1000'],
  ] as const) {
    it(`of user ${uid} with mode ${mode.toString(8)} is ${objection ? 'refused' : 'well'}`, () =>
      assert.equal(judgeSecrecy({ uid, mode }), objection));
  }
});
