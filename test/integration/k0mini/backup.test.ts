import assert from 'node:assert/strict';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { tryRun } from '../../support/cluster/run.ts';
import { LoneController } from '../../support/lone-controller.ts';
import { buildReleases, OLD_VERSION } from '../../support/releases.ts';

describe('k0s backup and restore', { timeout: 120_000 }, () => {
  let controller: LoneController;
  let saved: string;
  let archive: string;
  before(async () => {
    const [binary = ''] = await buildReleases([{ version: OLD_VERSION }]);
    controller = new LoneController(binary);
    saved = join(controller.folder, 'saved');
    await mkdir(saved);
    controller.start();
    await controller.untilReady();
  });
  after(() => controller?.remove());

  test('saves a running controller under the name that k0s gives', async () => {
    await must(controller.kubectl('create', 'configmap', 'before', '--from-literal=a=b'));
    const said = await must(controller.k0s('backup', '--save-path', saved));
    const [name = '', ...others] = await readdir(saved);
    assert.match(name, /^k0s_backup_\d{4}-\d\d-\d\dT\d\d_\d\d_\d\d_000Z\.tar\.gz$/);
    assert.deepEqual(others, [], 'nothing half done is left beside it');
    archive = join(saved, name);
    assert.equal(said, `archive ${archive} created successfully\n`);
    const names = (await must(tryRun('tar', ['-tzf', archive]))).trimEnd().split('\n');
    for (const wanted of ['etcd-snapshot.db', 'k0s.yaml', 'pki/ca.key', 'pki/etcd/ca.key']) {
      assert.ok(names.includes(wanted), `${wanted} in ${names}`);
    }
  });

  test('refuses a folder that does not exist', async () => {
    const folder = join(saved, 'nowhere');
    const { code, stderr } = await controller.k0s('backup', '--save-path', folder);
    assert.equal(code, 1);
    assert.equal(stderr, `k0s: the save-path directory (${folder}) does not exist\n`);
  });

  test('is not restored under a running controller', async () => {
    const { code, stderr } = await controller.k0s('restore', archive);
    assert.equal(code, 1);
    assert.match(stderr, /k0s seems to be running/);
  });

  test('fails clearly, and leaves nothing, while etcd does not answer', async () => {
    const pids = await must(
      tryRun('pgrep', ['-P', String(controller.pid), '-f', 'component etcd']),
    );
    const etcd = Number(pids);
    process.kill(etcd, 'SIGSTOP');
    try {
      const { code, stderr } = await controller.k0s('backup', '--save-path', saved);
      assert.equal(code, 1);
      const wanted = `k0s: etcd cannot be reached at https://${controller.address}:2379: `;
      assert.equal(stderr, `${wanted}no answer within 5s\n`);
    } finally {
      process.kill(etcd, 'SIGCONT');
    }
    assert.equal((await readdir(saved)).length, 1);
  });

  test('brings back what there was, and nothing that came later', async () => {
    await controller.untilReady();
    await must(controller.kubectl('create', 'configmap', 'after', '--from-literal=a=b'));
    await controller.stop();
    const refused = await controller.k0s('restore', archive);
    assert.match(refused.stderr, /exists: a backup is restored into an empty data directory/);
    await rm(controller.dataDir, { recursive: true });
    await must(controller.k0s('restore', archive));
    controller.start();
    await controller.untilReady();
    const names = await must(controller.kubectl('get', 'configmap', '-o', 'name'));
    assert.match(names, /^configmap\/before$/m);
    assert.doesNotMatch(names, /^configmap\/after$/m);
  });

  test('needs a running controller', async () => {
    await controller.stop();
    const { code, stderr } = await controller.k0s('backup', '--save-path', saved);
    assert.equal(code, 1);
    assert.match(stderr, /a backup needs a running controller/);
  });
});

async function must(finishing: ReturnType<typeof tryRun>): Promise<string> {
  const { code, stdout, stderr } = await finishing;
  assert.equal(code, 0, stderr);
  return stdout;
}
