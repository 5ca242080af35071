import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { countFailures, environmentOf, jobsOf, pauseMs } from '../../../src/both/jobs.ts';

describe('agent and orchestrator of a controller', () => {
  const [agent, controller] = jobsOf({
    AUTOPILOT_AGENT_ARGS: ' --log-level=debug  --heartbeat 1m',
    AUTOPILOT_CONTROLLER_ARGS: undefined,
  });

  test('each has its own flags', () => {
    assert.deepEqual(agent?.args, ['agent', '--log-level=debug', '--heartbeat', '1m']);
    const kubeconfig = '/etc/autopilot-controller/kubeconfig';
    assert.deepEqual(controller?.args, ['controller', '--kubeconfig', kubeconfig]);
  });

  test('the orchestrator alone is an ordinary process', () => {
    assert.deepEqual([agent?.isOrdinary, controller?.isOrdinary], [false, true]);
  });

  test('an agent is started again after a second, always', () => {
    for (const failures of [1, 2, 50]) assert.equal(pauseMs(agent!, failures), 1000);
  });

  test('an orchestrator that fails again and again is waited for, up to half a minute', () => {
    const waits = [1, 2, 3, 6, 2000].map((failures) => pauseMs(controller!, failures));
    assert.deepEqual(waits, [1000, 2000, 4000, 30_000, 30_000]);
  });

  test('one that has lasted a minute has not failed before', () => {
    assert.equal(countFailures(4, 59_999), 5);
    assert.equal(countFailures(4, 60_000), 1);
  });

  test('neither is told how its keeper was started', () => {
    const found = environmentOf({ AUTOPILOT_LEAN: '1', MALLOC_ARENA_MAX: '1', HTTPS_PROXY: 'x' });
    assert.deepEqual(found, { HTTPS_PROXY: 'x', AUTOPILOT_KEPT: '1' });
  });
});
