import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { readManifests } from '../../../src/cli/adopt-manifests.ts';
import { differenceOf } from '../../../src/plans/manifest-difference.ts';

const INSTALL = join(import.meta.dirname, '../../../deploy/install.yaml');

test('every object that is installed is of a kind that adopt and doctor know', async () => {
  const installed = parseAllDocuments(readFileSync(INSTALL, 'utf8')).map(
    (document) => document.toJS() as { kind: string; metadata: { name: string } },
  );
  const known = (await readManifests(undefined)).map(({ name }) => name);
  const wanted = installed.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  assert.deepEqual(known.toSorted(), wanted.toSorted());
});

test('what somebody has added is no difference, what was changed or taken away is', () => {
  const wanted = {
    spec: { rules: [{ verbs: ['get', 'list'] }], more: {} },
    metadata: { name: 'a' },
  };
  const rows: readonly [found: unknown, difference: string | undefined][] = [
    [{ ...wanted, status: {}, metadata: { name: 'a', uid: 'u' } }, undefined],
    [{ ...wanted, spec: { rules: [{ verbs: ['get', 'list'], apiGroups: [''] }] } }, undefined],
    [{ ...wanted, spec: { rules: [{ verbs: ['get', 'watch'] }] } }, 'spec.rules[0].verbs[1]'],
    [{ ...wanted, spec: { rules: [{ verbs: ['get'] }] } }, 'spec.rules[0].verbs'],
    [{ ...wanted, spec: { rules: [] } }, 'spec.rules'],
    [{ metadata: { name: 'a' } }, 'spec.rules'],
    [{ ...wanted, metadata: { name: 'b' } }, 'metadata.name'],
  ];
  for (const [found, difference] of rows) assert.equal(differenceOf(wanted, found), difference);
});
