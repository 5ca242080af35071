import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { isRemovedIn, REMOVED_APIS } from '../../../src/api/removed-apis.ts';

const rows: [sentence: string, removedIn: string, version: string, gone: boolean][] = [
  ['the very release', 'v1.32.0', 'v1.32.0+k0s.0', true],
  ['a later one', 'v1.32.0', 'v1.36.3+k0s.0', true],
  ['the one before', 'v1.32.0', 'v1.31.9+k0s.1', false],
  ['a candidate of it, which still has it', 'v1.32.0', 'v1.32.0-rc.1+k0s.0', false],
  ['what is no version', 'v1.32.0', 'images of March', false],
  ['a version without its v, which k0s does not read either', 'v1.32.0', '1.36.3', false],
];

for (const [sentence, removedIn, version, gone] of rows) {
  test(`an API that goes in ${removedIn}: ${sentence}`, () =>
    assert.equal(isRemovedIn(removedIn, version), gone));
}

test('the table says what k0s checks for', () => {
  const said = REMOVED_APIS.map(
    (one) => `${one.group}/${one.version} ${one.kind} ${one.removedIn} ${one.survivesAs ?? '-'}`,
  );
  for (const line of [
    'flowcontrol.apiserver.k8s.io/v1beta2 FlowSchema v1.29.0 v1beta3',
    'flowcontrol.apiserver.k8s.io/v1beta2 PriorityLevelConfiguration v1.29.0 v1',
    'flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema v1.32.0 v1',
    'flowcontrol.apiserver.k8s.io/v1beta3 PriorityLevelConfiguration v1.32.0 v1',
    'k0s.k0sproject.example.com/v1beta1 RemovedCRD v99.99.99 -',
  ]) {
    assert.ok(said.includes(line), line);
  }
  assert.equal(new Set(said).size, said.length);
});

test('the orchestrator may list all of them, by name', async () => {
  const path = join(import.meta.dirname, '../../../deploy/rbac.yaml');
  const role = parseAllDocuments(await readFile(path, 'utf8'))
    .map((document) => document.toJS())
    .find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name.endsWith('orchestrator'));
  const listed = new Set<string>(
    role.rules
      .filter(({ verbs }: { verbs: string[] }) => verbs.includes('list'))
      .flatMap(({ apiGroups: [group], resources }: { apiGroups: string[]; resources: string[] }) =>
        resources.map((resource) => `${resource}.${group}`),
      ),
  );
  for (const { group, kind } of REMOVED_APIS) {
    const plural = kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`;
    const resource = kind.endsWith('ss') ? `${kind}es` : plural;
    assert.ok(
      listed.has(`${resource.toLowerCase()}.${group}`),
      `${resource.toLowerCase()}.${group}`,
    );
  }
});
