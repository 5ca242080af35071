import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  openrcState,
  parseInitScript,
  parseStat,
  READ_INIT_SCRIPT,
} from '../../../src/node-agent/service-openrc.ts';

const STOPPED = {
  childPid: undefined,
  startCount: undefined,
  respawnMax: undefined,
  hasFailed: false,
  isAlive: false,
};

describe('how a service of OpenRC stands', () => {
  for (const [sentence, facts, lastMax, wanted] of [
    ['running', { childPid: 866, startCount: 0, isAlive: true }, 10, [866, 0]],
    ['started again', { childPid: 880, startCount: 2, isAlive: true }, 10, [880, 2]],
    ['waiting to be started again', { childPid: 880, startCount: 2 }, 10, [undefined, 3]],
    ['stopped by somebody', {}, 10, [undefined, 0]],
    ['given up', { hasFailed: true }, 10, [undefined, 11]],
    ['given up, by its own limit', { hasFailed: true }, 3, [undefined, 4]],
    ['given up before it was ever seen', { hasFailed: true }, undefined, [undefined, 11]],
  ] as const) {
    it(`is told when it is ${sentence}`, () => {
      const { pid, exits } = openrcState({ ...STOPPED, ...facts }, lastMax);
      assert.deepEqual([pid, exits], wanted);
    });
  }
});

describe('an init script', () => {
  /** As \`k0s install\` writes it. */
  const SCRIPT = `#!/sbin/openrc-run
export AUTOPILOT_HOSTNAME=w8
supervisor=supervise-daemon
description="k0s - Zero Friction Kubernetes"
command=/usr/local/bin/k0s
command_args="'worker' '--data-dir=/var/lib/k0s' '--kubelet-extra-args=--v=1 --hostname-override=box-8' "
name=k0s
supervise_daemon_args="--stdout /var/log/\${name}.log --stderr /var/log/\${name}.err"
retry="SIGTERM/90/SIGKILL/5"

: "\${rc_ulimit=-n 1048576 -u unlimited}"
depend() {
	need cgroups
}
`;

  function read(script: string, confd = '') {
    const folder = mkdtempSync(join(tmpdir(), 'autopilot-openrc-'));
    try {
      const [scriptPath, confPath] = [join(folder, 'script'), join(folder, 'confd')];
      writeFileSync(scriptPath, script);
      writeFileSync(confPath, confd);
      const args = ['-c', READ_INIT_SCRIPT, 'sh', scriptPath, confPath, 'k0sworker'];
      return parseInitScript(execFileSync('/bin/sh', args, { encoding: 'utf8' }));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('is read by a shell, quotes and all', () => {
    assert.deepEqual(read(SCRIPT), {
      binary: '/usr/local/bin/k0s',
      hostname: 'w8',
      logs: ['/var/log/k0s.log', '/var/log/k0s.err'],
      args: [
        'worker',
        '--data-dir=/var/lib/k0s',
        '--kubelet-extra-args=--v=1 --hostname-override=box-8',
      ],
    });
  });

  it('has what conf.d adds', () => {
    const found = read('command=/k0s\ncommand_args="worker $EXTRA"\n', 'EXTRA="--data-dir=/d"\n');
    assert.deepEqual(found?.args, ['worker', '--data-dir=/d']);
  });

  it('may log as OpenRC has it elsewhere', () => {
    const found = read('command=/k0s\ncommand_args=worker\noutput_log=/var/log/k.log\n');
    assert.deepEqual(found?.logs, ['/var/log/k.log']);
  });

  it('may have no command', () => {
    assert.equal(read('start() { :; }\n'), undefined);
  });
});

describe('the stat of a process', () => {
  it('is read past a name that holds anything', () => {
    const after = Array.from({ length: 18 }, (_, at) => at).join(' ');
    const { parent, startedMs } = parseStat(`866 (a ) b) S 864 ${after.slice(2)} 123456 0`);
    assert.equal(parent, 864);
    assert.equal(startedMs, 1_234_560);
  });
});
