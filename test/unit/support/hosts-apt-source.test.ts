import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AptFile, type AptSource, findAptSource } from '../../../tools/hosts/apt-source.ts';

const list = (text: string): AptFile => ({ name: 'sources.list', text });
const deb822 = (text: string): AptFile => ({ name: 'sources.list.d/debian.sources', text });

const rows: readonly [sentence: string, files: readonly AptFile[], wanted: AptSource][] = [
  [
    'one line, with a comment before and behind it',
    [
      list(
        '# deb http://old.example/debian bookworm main\ndeb http://mirror.example/debian/ bookworm main # ours\n',
      ),
    ],
    { mirror: 'http://mirror.example/debian', suite: 'bookworm' },
  ],
  [
    'one line with options, the key among them',
    [
      list(
        'deb [arch=amd64 signed-by=/etc/keys/debian.gpg] https://mirror.example/debian bookworm contrib main',
      ),
    ],
    { mirror: 'https://mirror.example/debian', suite: 'bookworm', keyring: '/etc/keys/debian.gpg' },
  ],
  [
    'a stanza, with a comment in it and a value over two lines',
    [
      deb822(
        'Types: deb deb-src\n# a note\nURIs: http://mirror.example/debian\nSuites: bookworm\n bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian.gpg\n',
      ),
    ],
    {
      mirror: 'http://mirror.example/debian',
      suite: 'bookworm',
      keyring: '/usr/share/keyrings/debian.gpg',
    },
  ],
  [
    'the release, not its updates, its security archive, its sources, or what is disabled',
    [
      list(
        'deb http://a.example/debian bookworm-updates main\ndeb-src http://b.example/debian bookworm main\n',
      ),
      deb822(
        'Types: deb\nURIs: http://c.example/debian-security\nSuites: bookworm-security\nComponents: main\n\nEnabled: no\nTypes: deb\nURIs: http://d.example/debian\nSuites: bookworm\nComponents: main\n\nTypes: deb\nURIs: http://e.example/debian\nSuites: bookworm\nComponents: main\n',
      ),
    ],
    { mirror: 'http://e.example/debian', suite: 'bookworm' },
  ],
  [
    'not what somebody else offers for the same release',
    [
      list(
        'deb https://tools.example/apt bookworm stable\ndeb http://mirror.example/debian stable main',
      ),
    ],
    { mirror: 'http://mirror.example/debian', suite: 'stable' },
  ],
  [
    'the mirror that can be fetched from, and a key that stands in the file is left out',
    [
      deb822(
        'Types: deb\nURIs: mirror+file:/etc/apt/mirrors.txt https://mirror.example/debian\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----\n',
      ),
    ],
    { mirror: 'https://mirror.example/debian', suite: 'bookworm' },
  ],
];

describe('the source that hosts are made from', () => {
  for (const [sentence, files, wanted] of rows) {
    test(sentence, () => assert.deepEqual(findAptSource(files, 'bookworm'), wanted));
  }

  test('is missed with the names of the files that were read', () => {
    assert.throws(
      () => findAptSource([list('deb cdrom:[Debian]/ bookworm main'), deb822('')], 'bookworm'),
      /no source of Debian packages with main of bookworm .* \(read sources\.list, sources\.list\.d\/debian\.sources\)/,
    );
  });
});
