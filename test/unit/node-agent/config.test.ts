import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentConfigError, parseAgentConfig } from '../../../src/node-agent/config.ts';

const GOOD = ['--role=worker', '--kubeconfig=/k', '--service=supervised:/run/init.sock'];

describe('the flags of an agent', () => {
  it('have defaults', () => {
    const config = parseAgentConfig(GOOD, { AUTOPILOT_HOSTNAME: 'w1' });
    assert.deepEqual(config, {
      role: 'worker',
      name: 'w1',
      kubeconfig: '/k',
      server: [],
      binary: '/usr/local/bin/k0s',
      stateDir: '/var/lib/autopilot',
      statusSocket: '/run/k0s/status.sock',
      service: { kind: 'supervised', socket: '/run/init.sock' },
      serviceName: 'k0s',
      heartbeat: 300_000,
      stall: 60_000,
      mode: 'controller',
      logLevel: 'info',
    });
  });

  it('may name more servers and other durations', () => {
    const config = parseAgentConfig(
      [...GOOD, '--server=https://a', '--server=https://b', '--heartbeat=500ms', '--name=x'],
      {},
    );
    assert.deepEqual(config.server, ['https://a', 'https://b']);
    assert.equal(config.heartbeat, 500);
    assert.equal(config.name, 'x');
  });

  for (const [sentence, argv, message] of [
    ['name a flag that is missing', GOOD.slice(1), /^--role: .* \(it is missing\)$/],
    [
      'name a flag that is wrong',
      [...GOOD, '--heartbeat=soon'],
      /^--heartbeat: wanted a duration such as 500ms, 30s, 5m or 1h \(found "soon"\)$/,
    ],
    [
      'want absolute paths',
      [...GOOD, '--state-dir=here'],
      /^--state-dir: wanted an absolute path \(found "here"\)$/,
    ],
    [
      'know one service manager yet',
      [...GOOD.slice(0, 2), '--service=systemd'],
      /^--service: wanted supervised:SOCKET/,
    ],
    ['do not know others', [...GOOD, '--colour=red'], /--colour/],
  ] as const) {
    it(sentence, () => {
      assert.throws(
        () => parseAgentConfig(argv, {}),
        (thrown) => thrown instanceof AgentConfigError && message.test(thrown.message),
      );
    });
  }
});
