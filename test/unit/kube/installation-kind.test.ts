import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installationOf, secondInstallation } from '../../../src/kube/installation-kind.ts';

const UNIQUE = '01234567-89ab-cdef-0123-456789abcdef';
const pod = (end: string) => `autopilot-orchestrator-6d4cf56db6-${end}_${UNIQUE}`;
const host = (name: string) => `${name}_${UNIQUE}`;

test('the Pods of the Deployment are one kind, whatever else is another', () => {
  assert.equal(installationOf(pod('x7k2p')), 'Deployment');
  for (const name of ['c1', 'autopilot', 'autopilot-orchestrator', 'autopilot-orchestrator-1']) {
    assert.equal(installationOf(host(name)), 'hosts', name);
  }
});

test('two of a kind stand by for each other; of two kinds one says what is so, and what to do', () => {
  assert.equal(secondInstallation(host('c1'), host('c2')), undefined);
  assert.equal(secondInstallation(pod('x7k2p'), pod('abcde')), undefined);
  assert.match(
    secondInstallation(host('c1'), pod('abcde')) ?? '',
    /^two installations in one cluster: autopilot-orchestrator-.* this one is on a host: delete the Deployment/,
  );
  assert.match(secondInstallation(pod('x7k2p'), host('c1')) ?? '', /c1_.* leads, on a host/);
});
