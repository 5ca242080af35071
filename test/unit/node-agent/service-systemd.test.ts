import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  chooseUnits,
  gapOf,
  k0sUnitOf,
  parseShow,
  unitState,
} from '../../../src/node-agent/service-systemd.ts';

/** As systemd 252 printed it. */
const SHOWN = `MainPID=33
ExecStart={ path=/usr/local/bin/k0s ; argv[]=/usr/local/bin/k0s worker --data-dir=/var/lib/k0s --token-file=/etc/k0s/k0stoken --kubelet-extra-args=--v=1 --hostname-override=box-7 ; ignore_errors=no ; start_time=[Sat 2026-11-21 09:11:27 UTC] ; stop_time=[n/a] ; pid=33 ; code=(null) ; status=0/0 }
Environment=STATUS_SOCKET=/run/k0s/status.sock "AUTOPILOT_HOSTNAME=w7" OTHER=1
Id=k0sworker.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled
`;

function shown(text: string) {
  const [properties] = parseShow(text);
  assert.ok(properties);
  return properties;
}

describe('how a unit stands', () => {
  for (const [sentence, text, wanted] of [
    ['running', 'MainPID=55 NRestarts=0 ActiveState=active SubState=running', [55, 0]],
    [
      'waiting for RestartSec after its first exit',
      'MainPID=0 Result=exit-code NRestarts=0 ActiveState=activating SubState=auto-restart',
      [undefined, 1],
    ],
    [
      'started again',
      'MainPID=60 Result=success NRestarts=1 ActiveState=active SubState=running',
      [60, 1],
    ],
    [
      'waiting after its second exit',
      'MainPID=0 Result=exit-code NRestarts=1 ActiveState=activating SubState=auto-restart',
      [undefined, 2],
    ],
    [
      'queued for its restart, which newer versions tell apart and have counted already',
      'MainPID=0 Result=exit-code NRestarts=2 ActiveState=activating SubState=auto-restart-queued',
      [undefined, 2],
    ],
    [
      'ended for good',
      'MainPID=0 Result=exit-code NRestarts=0 ActiveState=failed SubState=failed',
      [undefined, 1],
    ],
    [
      'given up at its start limit',
      'MainPID=0 Result=start-limit-hit NRestarts=5 ActiveState=failed SubState=failed',
      [undefined, 5],
    ],
    [
      'stopped by somebody',
      'MainPID=0 Result=success NRestarts=0 ActiveState=inactive SubState=dead',
      [undefined, 0],
    ],
  ] as const) {
    it(`is told when it is ${sentence}`, () => {
      const { pid, exits } = unitState(shown(text.split(' ').join('\n')));
      assert.deepEqual([pid, exits], wanted);
    });
  }

  it('is in words for a message', () => {
    const text = 'ActiveState=inactive\nSubState=dead\nResult=success\nConditionResult=no';
    assert.equal(
      unitState(shown(text)).words,
      'inactive/dead, success, a condition of the unit is not met',
    );
  });

  it('knows a job that is still to be done', () => {
    assert.equal(unitState(shown('Job=412')).isBusy, true);
    assert.equal(unitState(shown('Job=')).isBusy, false);
    assert.equal(unitState(shown('MainPID=1')).isBusy, false);
  });
});

describe('the gap of a restart', () => {
  const state = (pid: number, started: number, stopped: number) =>
    unitState(
      shown(
        `MainPID=${pid}\nExecMainStartTimestampMonotonic=${started}\nInactiveEnterTimestampMonotonic=${stopped}`,
      ),
    );

  it("is from the old process's end to the new one's start", () => {
    assert.equal(gapOf(state(5, 1000, 0), state(6, 905_000, 893_000)), 12);
  });

  it('is not known where nothing ran before', () => {
    assert.equal(gapOf(state(0, 1000, 500), state(6, 905_000, 500)), undefined);
  });

  it('is not known where the new process has ended since', () => {
    assert.equal(gapOf(state(5, 1000, 0), state(0, 905_000, 905_900)), undefined);
  });
});

describe('the unit of k0s', () => {
  const missing = 'Id=k0scontroller.service\nLoadState=not-found\nActiveState=inactive';
  const dormant = (role: string, file: string) =>
    `Id=k0s${role}.service\nLoadState=loaded\nActiveState=inactive\nUnitFileState=${file}`;
  for (const [sentence, blocks, wanted] of [
    ['is the one that is there', [missing, SHOWN.trim()], ['k0sworker.service']],
    [
      'is rather the one that runs',
      [dormant('controller', 'enabled'), SHOWN.trim()],
      ['k0sworker.service'],
    ],
    [
      'is rather the one that is enabled',
      [dormant('controller', 'enabled'), dormant('worker', 'disabled')],
      ['k0scontroller.service'],
    ],
    [
      'may be either',
      [dormant('controller', 'enabled'), dormant('worker', 'enabled')],
      ['k0scontroller.service', 'k0sworker.service'],
    ],
    ['may be nowhere', [missing, missing], []],
  ] as const) {
    it(sentence, () => {
      const found = chooseUnits(parseShow(`${blocks.join('\n\n')}\n`));
      assert.deepEqual(
        found.map((one) => one.get('Id')),
        wanted,
      );
    });
  }

  it('is read with the arguments of its process, whose spaces are known', () => {
    const args = [
      ...['worker', '--data-dir=/var/lib/k0s', '--token-file=/etc/k0s/k0stoken'],
      '--kubelet-extra-args=--v=1 --hostname-override=box-7',
    ];
    assert.deepEqual(k0sUnitOf(shown(SHOWN), ['/usr/local/bin/k0s', ...args]), {
      manager: 'systemd',
      name: 'k0sworker.service',
      binary: '/usr/local/bin/k0s',
      args,
      hostname: 'w7',
    });
  });

  it('is read as the unit has it now, where its process was started from another line', () => {
    const unit = k0sUnitOf(shown(SHOWN), ['/usr/local/bin/k0s', 'worker', '--data-dir=/old']);
    assert.deepEqual(unit?.args.slice(0, 2), ['worker', '--data-dir=/var/lib/k0s']);
  });

  it('is read from its process, where the line has variables', () => {
    const text = 'ExecStart={ path=/k0s ; argv[]=/k0s $K0S_ARGS ; ignore_errors=no ; pid=1 }';
    assert.deepEqual(k0sUnitOf(shown(text), ['/k0s', 'worker', '--a=b'])?.args, [
      'worker',
      '--a=b',
    ]);
  });

  it('is none where nothing is started', () => {
    assert.equal(k0sUnitOf(shown('Id=k0sworker.service'), undefined), undefined);
  });
});
