import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AGENT_USAGE,
  AgentConfigError,
  agentConfigOf,
  type KnownHost,
  parseAgentFlags,
} from '../../../src/node-agent/config.ts';
import type { K0sUnit } from '../../../src/node-agent/k0s-unit.ts';

const SUPERVISED = ['--role=worker', '--kubeconfig=/k', '--service=supervised:/run/init.sock'];
const WORKER: K0sUnit = {
  manager: 'systemd',
  name: 'k0sworker.service',
  binary: '/usr/local/bin/k0s',
  args: ['worker', '--token-file=/etc/k0s/k0stoken'],
  hostname: undefined,
};
const CONTROLLER: K0sUnit = { ...WORKER, name: 'k0scontroller.service', args: ['controller'] };

function configOf(argv: readonly string[], known: Partial<KnownHost> = {}) {
  return agentConfigOf(parseAgentFlags(argv), {
    unit: undefined,
    hostname: 'Host1 ',
    environment: {},
    realPath: (path) => path,
    ...known,
  });
}

describe('an agent beside a supervised k0s', () => {
  it('has defaults', () => {
    assert.deepEqual(configOf(SUPERVISED, { environment: { AUTOPILOT_HOSTNAME: 'w1' } }), {
      role: 'worker',
      name: 'w1',
      kubeconfig: '/k',
      servers: [],
      binary: '/usr/local/bin/k0s',
      dataDir: '/var/lib/k0s',
      stateDir: '/var/lib/autopilot',
      statusSocket: '/run/k0s/status.sock',
      service: { kind: 'supervised', socket: '/run/init.sock', name: 'k0s' },
      heartbeatMs: 300_000,
      policyFile: '/etc/autopilot/agent.yaml',
      apiAddress: undefined,
      mode: 'controller',
      isModeSaid: false,
      nodeName: 'w1',
      logLevel: 'info',
      once: undefined,
    });
  });

  it('may name more servers and other durations', () => {
    const config = configOf([
      ...SUPERVISED,
      ...['--server=https://a', '--server=https://b', '--heartbeat=500ms', '--name=x'],
    ]);
    assert.deepEqual(config.servers, ['https://a', 'https://b']);
    assert.equal(config.heartbeatMs, 500);
    assert.equal(config.name, 'x');
  });
});

describe('an agent on a host with a service manager', () => {
  it('needs no flags on a worker', () => {
    const config = configOf([], { unit: WORKER });
    assert.equal(config.role, 'worker');
    assert.equal(config.name, 'host1');
    assert.equal(config.kubeconfig, '/var/lib/k0s/kubelet.conf');
    assert.deepEqual(config.service, { kind: 'systemd', name: 'k0sworker.service' });
  });

  it('follows the data directory of k0s', () => {
    const unit = { ...WORKER, args: ['worker', '--data-dir', '/mnt/k0s'] };
    const config = configOf([], { unit });
    assert.equal(config.dataDir, '/mnt/k0s');
    assert.equal(config.kubeconfig, '/mnt/k0s/kubelet.conf');
  });

  it('has a credential of its own on a controller', () => {
    const config = configOf([], { unit: CONTROLLER });
    assert.equal(config.role, 'controller');
    assert.equal(config.kubeconfig, '/etc/autopilot/kubeconfig');
    assert.equal(config.mode, 'controller');
  });

  for (const flag of ['--enable-worker', '--single', '--enable-worker=true']) {
    it(`is both with ${flag}`, () => {
      const unit = { ...CONTROLLER, args: ['controller', flag] };
      assert.equal(configOf([], { unit }).mode, 'controller+worker');
      assert.equal(configOf(['--mode=controller'], { unit }).mode, 'controller');
    });
  }

  it('updates the file behind a link, not the link', () => {
    const realPath = (path: string) => (path === '/usr/local/bin/k0s' ? '/opt/k0s/k0s' : path);
    assert.equal(configOf([], { unit: WORKER, realPath }).binary, '/opt/k0s/k0s');
  });

  it('is called as the kubelet calls its Node', () => {
    const args = ['worker', '--kubelet-extra-args=--v=1 --hostname-override=box-7'];
    const unit = { ...WORKER, args, hostname: 'other' };
    assert.equal(configOf([], { unit }).name, 'box-7');
    assert.equal(configOf(['--name=mine'], { unit }).name, 'mine');
  });

  it('is called on a controller as k0s calls its ControlNode', () => {
    const args = ['controller', '--single', '--kubelet-extra-args=--hostname-override=box-7'];
    assert.equal(configOf([], { unit: { ...CONTROLLER, args } }).name, 'host1');
    assert.equal(configOf([], { unit: { ...CONTROLLER, args, hostname: 'cp1' } }).name, 'cp1');
  });

  it('knows what the kubelet calls the Node of a controller: AUTOPILOT_HOSTNAME is nothing to it', () => {
    const unit = { ...CONTROLLER, hostname: 'cp1' };
    const named = {
      ...unit,
      args: ['controller', '--kubelet-extra-args=--hostname-override=box-7'],
    };
    assert.equal(configOf([], { unit }).nodeName, 'host1');
    assert.equal(configOf([], { unit: named }).nodeName, 'box-7');
    assert.equal(configOf(['--node-name=mine'], { unit: named }).nodeName, 'mine');
  });

  it('lets every flag win', () => {
    const config = configOf(
      [
        ...['--role=controller', '--kubeconfig=/k', '--binary=/b', '--data-dir=/d'],
        ...['--status-socket=/s', '--state-dir=/st'],
      ],
      { unit: WORKER },
    );
    assert.deepEqual(
      [config.role, config.kubeconfig, config.binary, config.dataDir, config.statusSocket],
      ['controller', '/k', '/b', '/d', '/s'],
    );
  });

  it('promises a report less often when it runs once', () => {
    const config = configOf(['--once'], { unit: WORKER });
    assert.equal(config.heartbeatMs, 90 * 60_000);
    assert.deepEqual(config.once, { lingerMs: 30_000, reachMs: 60_000 });
    assert.equal(configOf(['--once', '--heartbeat=26h'], { unit: WORKER }).heartbeatMs, 93_600_000);
  });
});

describe('what is wrong with the flags of an agent', () => {
  for (const [sentence, argv, message] of [
    [
      'is said of one that is missing',
      SUPERVISED.slice(1),
      /^--role: wanted controller or worker \(it is missing\)$/,
    ],
    [
      'is said of a credential that is missing',
      ['--role=worker', '--service=supervised:/s'],
      /^--kubeconfig: wanted an absolute path \(it is missing\)$/,
    ],
    [
      'is said of one that is wrong',
      [...SUPERVISED, '--heartbeat=soon'],
      /^--heartbeat: wanted a duration such as 500ms, 30s, 5m or 1h \(found "soon"\)$/,
    ],
    [
      'is said of a path that is not absolute',
      [...SUPERVISED, '--state-dir=here'],
      /^--state-dir: wanted an absolute path \(found "here"\)$/,
    ],
    [
      'is said of a service manager that nobody knows',
      ['--service=runit'],
      /^--service: wanted auto, systemd, openrc, .* \(found "runit"\)$/,
    ],
    ['is said of a flag that nobody knows', [...SUPERVISED, '--colour=red'], /--colour/],
  ] as const) {
    it(sentence, () => {
      assert.throws(
        () => configOf(argv),
        (thrown) => thrown instanceof AgentConfigError && message.test(thrown.message),
      );
    });
  }

  it('shows the command line that names no role', () => {
    const unit = { ...WORKER, binary: '/bin/sh', args: ['-c', 'start-k0s'] };
    assert.throws(() => configOf([], { unit }), {
      message:
        '--role: wanted controller or worker (found `/bin/sh -c start-k0s` in k0sworker.service)',
    });
  });
});

describe('the usage of an agent', () => {
  const flags = [...AGENT_USAGE.matchAll(/^ {2}--([a-z-]+)( [A-Z]|\s+\S*controller)?/gm)];

  it('names flags that there are', () => {
    assert.ok(flags.length > 15, `${flags.length} flags`);
    for (const [, flag, wants] of flags) {
      const argv = wants === undefined ? [`--${flag}`] : [`--${flag}`, 'x'];
      try {
        parseAgentFlags(argv);
      } catch (thrown) {
        assert.match((thrown as Error).message, new RegExp(`^--${flag}: wanted|^--${flag}: `));
      }
    }
  });
});
