import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { KubeconfigStore } from '../../../src/node-agent/kubeconfig-store.ts';

describe('a kubeconfig', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'autopilot-kubeconfig-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    return path;
  }

  /** As the kubelet writes it: certificate and key in one file that is renewed. */
  const KUBELET = `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: ${Buffer.from('the CA').toString('base64')}
    server: https://10.0.0.1:6443/
  name: default-cluster
contexts:
- context:
    cluster: default-cluster
    namespace: default
    user: default-auth
  name: default-context
current-context: default-context
users:
- name: default-auth
  user:
    client-certificate: current.pem
    client-key: current.pem
`;

  it('of a kubelet gives its certificate, and the new one after it was renewed', () => {
    const path = write('kubelet.conf', KUBELET);
    write('current.pem', 'first');
    const store = new KubeconfigStore(path);
    const first = store.credential();
    assert.deepEqual(first, {
      servers: ['https://10.0.0.1:6443'],
      ca: 'the CA',
      cert: 'first',
      key: 'first',
      token: undefined,
      tlsServerName: undefined,
    });
    assert.equal(store.credential(), first, 'the same object while nothing changed');
    write('current.pem', 'second');
    assert.equal(store.credential().cert, 'second');
  });

  it('may be one of several ways to the API', () => {
    const path = write('kubelet.conf', KUBELET);
    write('current.pem', 'pem');
    const store = new KubeconfigStore(path, ['https://10.0.0.2:6443', 'https://10.0.0.1:6443']);
    assert.deepEqual(store.credential().servers, [
      'https://10.0.0.2:6443',
      'https://10.0.0.1:6443',
    ]);
  });

  it('that is not there yet says so, and is read when it comes', () => {
    const path = join(folder, 'late.conf');
    const store = new KubeconfigStore(path);
    assert.throws(
      () => store.credential(),
      /^KubeconfigError: cannot use the kubeconfig .*late\.conf: ENOENT/,
    );
    write('current.pem', 'pem');
    write('late.conf', KUBELET);
    assert.equal(store.credential().cert, 'pem');
  });

  it('names the context that is missing', () => {
    const path = write(
      'other.conf',
      KUBELET.replace('current-context: default', 'current-context: no'),
    );
    assert.throws(
      () => new KubeconfigStore(path).credential(),
      /wanted the context "no-context", found default-context$/,
    );
  });
});
