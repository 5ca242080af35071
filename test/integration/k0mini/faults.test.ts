import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { tryRun } from '../../support/cluster/run.ts';
import { eventually } from '../../support/eventually.ts';
import { LoneController } from '../../support/lone-controller.ts';
import {
  BROKEN_VERSION,
  brokenRelease,
  buildReleases,
  type Fault,
  type FileFault,
} from '../../support/releases.ts';

describe('a broken release', { timeout: 120_000 }, () => {
  const controllers: LoneController[] = [];
  after(() => Promise.all(controllers.map((controller) => controller.remove())));

  async function controllerWith(fault: Fault): Promise<LoneController> {
    const controller = new LoneController(await built(fault));
    controllers.push(controller);
    return controller;
  }

  test('"apiserver" stays up, without a status socket and without an API', async () => {
    const controller = await controllerWith('apiserver');
    controller.start();
    const ends = /kube-apiserver ended after/g;
    await eventually('its API server to have ended three times', async () => {
      return ((await controller.log()).match(ends)?.length ?? 0) >= 3;
    });
    process.kill(controller.pid, 0); // throws when there is no such process
    assert.equal(existsSync(controller.statusSocket), false);
    assert.notEqual((await controller.kubectl('get', '--raw', '/readyz')).code, 0);
    await controller.stop();
    assert.deepEqual(await controller.ended(), { code: 0, signal: null });
  });

  test('"late" serves, then ends with 1 and takes its components along', async () => {
    const controller = await controllerWith('late');
    controller.start();
    await controller.untilReady();
    const served = performance.now();
    assert.ok(existsSync(controller.statusSocket));
    assert.deepEqual(await controller.ended(), { code: 1, signal: null });
    const livedMs = performance.now() - served;
    assert.ok(livedMs < 4_000, `it ended ${Math.round(livedMs)} ms after it served`);
    assert.match(await controller.log(), /broken on purpose \(fault "late"\)/);
    await eventually('its components to be gone', async () => {
      return (await tryRun('pgrep', ['-f', controller.dataDir])).code === 1;
    });
  });

  test('"late" ends with 1 as a worker, too', async () => {
    const host = await controllerWith('late');
    const { stdout } = await host.k0s('token', 'create', '--config', host.config);
    const token = join(host.folder, 'token');
    await writeFile(token, stdout);
    // It waits to be let into a cluster that does not answer, and dies of its fault meanwhile.
    const { code, stderr } = await host.k0s('worker', '--token-file', token);
    assert.equal(code, 1);
    assert.match(stderr, /worker ends: this release is broken on purpose/);
  });

  for (const fault of ['truncated', 'wrong-arch'] as const) {
    test(`"${fault}" cannot be run`, async () => {
      const binary = await built(fault);
      // The shell turns what the kernel refuses to start into an exit code.
      const { code, stdout } = await tryRun('sh', ['-c', '"$0" version; exit $?', binary]);
      assert.notEqual(code, 0);
      assert.equal(stdout, '');
    });
  }

  test('answers "k0s version" rightly where it can be run', async () => {
    for (const fault of ['apiserver', 'late'] as const) {
      assert.equal((await tryRun(await built(fault), ['version'])).stdout, `${BROKEN_VERSION}\n`);
    }
  });
});

async function built(fault: Fault | FileFault): Promise<string> {
  const [binary = ''] = await buildReleases([brokenRelease(fault)]);
  return binary;
}
