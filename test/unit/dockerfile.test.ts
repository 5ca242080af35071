import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validate } from 'dockerfile-utils';

const ROOT = join(import.meta.dirname, '../..');
const DOCKERFILE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

test('the Dockerfile has no flaw that its linter knows', () => {
  assert.deepEqual(
    validate(DOCKERFILE).map(({ message }) => message),
    [],
  );
  // it does find some
  assert.notEqual(validate('FROM a\nENTRYPOINT a\nENTRYPOINT b\nRUNN c\n').length, 0);
});

test('what is copied is let through to the build', () => {
  const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').trim().split('\n');
  const [, from = ''] = /^COPY --chmod=0755 (\S+) /m.exec(DOCKERFILE) ?? [];
  for (const architecture of ['amd64', 'arm64']) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as Docker writes it
    assert.ok(ignored.includes(`!${from.replace('${TARGETARCH}', architecture)}`), architecture);
  }
  assert.equal(ignored[0], '*');
});
