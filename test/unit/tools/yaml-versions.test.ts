import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';

const root = join(import.meta.dirname, '../../..');

test('kubectl, whose YAML is of the older kind, reads in our manifests what everybody else reads', () => {
  const files = globSync('{crds,deploy,deploy-in-cluster}/**/*.yaml', { cwd: root });
  assert.ok(files.length > 8, files.join(', '));
  const read = (text: string, version: '1.1' | '1.2') =>
    parseAllDocuments(text, { version }).map((document) => document.toJS());
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    assert.deepEqual(read(text, '1.1'), read(text, '1.2'), file);
  }
});
