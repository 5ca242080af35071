import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DEMO_FAULTS } from '../../tools/demo/options.ts';
import { refuseBroken, updateAll } from '../../tools/demo/scenario.ts';
import { type Stage, setStage, strikeStage } from '../../tools/demo/stage.ts';
import type { Check } from '../../tools/demo/summary.ts';
import { sampleOf } from '../../tools/testing/sample.ts';
import { WORKLOAD } from '../support/manifests.ts';
import { BROKEN_VERSION, NEW_VERSION, OLD_VERSION } from '../support/releases.ts';

const TIMEOUT_MS = 15 * 60_000;
/** `npm test` sets it: one of the faults is enough of a sample. */
const { TEST_SAMPLE } = process.env;
const FAULTS =
  TEST_SAMPLE === undefined ? DEMO_FAULTS : sampleOf(DEMO_FAULTS, 1, Number(TEST_SAMPLE));
const never = new AbortController().signal;
const quiet = { onPlan() {}, onSight() {}, onEvent() {}, onProgress() {}, signal: never };

/** The scenarios of `npm run demo`, one after the other on one cluster. */
describe('three controllers and four workers', { timeout: TIMEOUT_MS }, () => {
  let stage: Stage;
  before(async () => {
    stage = await setStage(() => {}, never);
  });
  after(() => stage && strikeStage(stage));

  test('are updated in order, within their limits, and with the workload in its budget', async () => {
    const { checks, chronicle } = await updateAll(stage, undefined, quiet);
    assertAll(checks);
    assert.equal(chronicle.touched.length, 7);
    assert.ok(chronicle.lowestReadyReplicas >= WORKLOAD.minAvailable);
    for (const { name, phases } of chronicle.stories()) {
      assert.equal(phases.at(-1), 'Committed', name);
    }
    const { status } = (await stage.cluster.plan('update'))!;
    assert.equal(status?.state, 'Completed');
    assert.equal(status?.progress?.text, '7/7');
    const targets = status?.commands?.[0]?.k0supdate;
    for (const target of [...(targets?.controllers ?? []), ...(targets?.workers ?? [])]) {
      assert.equal(target.state, 'SignalCompleted', target.name);
      assert.equal(target.previousVersion, OLD_VERSION, target.name);
    }
  });

  test('have no order of ours left, and the world says what they run', async () => {
    for (const host of stage.cluster.hosts) {
      assert.equal((await host.k0sStatus()).version, NEW_VERSION, host.name);
    }
    await stage.observer.until('all orders to be removed', (world) =>
      world.hosts.every(({ orderText }) => orderText === undefined),
    );
    const nodes = await stage.cluster.kubectl(
      ...['get', 'nodes', '-o', 'jsonpath={.items[*].status.nodeInfo.kubeletVersion}'],
    );
    assert.deepEqual(new Set(nodes.split(' ')), new Set(['v1.36.3+k0s']));
  });

  for (const fault of FAULTS) {
    test(`undo a release with the fault "${fault}" on the first node that gets it`, async () => {
      const { checks, chronicle } = await refuseBroken(stage, fault, quiet);
      assertAll(checks);
      assert.ok(chronicle.lowestReadyReplicas >= WORKLOAD.minAvailable);
      const { status } = (await stage.cluster.plan(`broken-${fault}`))!;
      assert.equal(status?.state, 'ApplyFailed');
      assert.equal(status?.targetVersion, BROKEN_VERSION);
      const targets = status?.commands?.[0]?.k0supdate;
      const all = [...(targets?.controllers ?? []), ...(targets?.workers ?? [])];
      const undone = all.filter(({ phase }) => phase === 'Undone');
      assert.deepEqual(
        undone.map(({ name }) => name),
        chronicle.touched,
      );
      assert.ok(undone[0]?.reason, 'it says why');
      assert.ok(undone[0]?.message, 'it says why to a person');
      assert.ok(all.every(({ phase }) => phase === 'Undone' || phase === 'Skipped'));
    });
  }
});

function assertAll(checks: readonly Check[]): void {
  const failed = checks.filter(({ ok }) => !ok);
  assert.deepEqual(failed, []);
}
