import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenSignal } from '../../../src/node-agent/journal.ts';
import { judgeTrial, type Look, observe, type TrialView } from '../../../src/node-agent/trial.ts';
import { anOrder } from '../../support/agent-drive.ts';

const NEW = 'b'.repeat(64);
const signal: OpenSignal = {
  order: anOrder('apply'),
  goal: 'apply',
  epoch: 3,
  phase: 'OnTrial',
  staging: { bootId: 'boot', startMs: 0, endMs: 1, boots: 0 },
  staged: { version: 'v1.36.3+k0s.0', sha256: NEW, size: 9 },
  restart: { bootId: 'boot', oldPid: 7, exits: 5 },
};

function aLook(version: string | undefined, more: Partial<Look> = {}): Look {
  return {
    status:
      version === undefined
        ? { kind: 'silent', message: 'ENOENT' }
        : { kind: 'answers', version, pid: 8 },
    service: { pid: 8, exits: 5, lastOutput: '' },
    sha256: NEW,
    ...more,
  };
}

const view = (look: Look, before?: TrialView, of = signal, nowMs = 1000) =>
  observe(of, before, look, nowMs);

describe('a k0s on trial', () => {
  const rows: readonly (readonly [string, TrialView, boolean, RegExp])[] = [
    [
      'is healthy when process, socket, version and digest agree',
      view(aLook('v1.36.3+k0s.0')),
      true,
      /^process 8 runs v1\.36\.3\+k0s\.0$/,
    ],
    [
      'is not while its socket is silent',
      view(aLook(undefined)),
      false,
      /^process 8 runs, and the status socket does not answer: ENOENT$/,
    ],
    [
      'is not without a process',
      view(aLook(undefined, { service: { pid: undefined, exits: 6, lastOutput: '' } })),
      false,
      /^no process runs, and/,
    ],
    [
      'is not when only the build differs',
      view(aLook('v1.36.3+k0s.1')),
      false,
      /^wanted v1\.36\.3\+k0s\.0, but process 8 answers v1\.36\.3\+k0s\.1 on the status socket$/,
    ],
    [
      'is not when it runs another file',
      view(aLook('v1.36.3+k0s.0', { sha256: 'c'.repeat(64) })),
      false,
      /^process 8 answers v1\.36\.3\+k0s\.0, but runs a file with sha256 c+, wanted b+$/,
    ],
    [
      'is not when the answer comes from another process than the one that was started',
      view(aLook('v1.36.3+k0s.0', { service: { pid: 9, exits: 5, lastOutput: '' } })),
      false,
      /^process 8 answers v1\.36\.3\+k0s\.0, but the service manager's is 9$/,
    ],
  ];
  for (const [sentence, seen, healthy, message] of rows) {
    it(sentence, () => {
      assert.equal(seen.healthy, healthy);
      assert.match(seen.message, message);
    });
  }

  it('has to last, once it has exited', () => {
    const again = (pid: number): Look => ({
      ...aLook('v1.36.3+k0s.0', { service: { pid, exits: 6, lastOutput: '' } }),
      status: { kind: 'answers', version: 'v1.36.3+k0s.0', pid },
    });
    const born = view(again(9), undefined, signal, 1000);
    assert.equal(born.healthy, false);
    assert.match(born.message, /^process 9 runs v1\.36\.3\+k0s\.0, but k0s has exited once since/);
    assert.equal(view(again(9), born, signal, 30_999).healthy, false);
    assert.equal(view(again(9), born, signal, 31_000).healthy, true);
    assert.equal(view(again(10), born, signal, 31_000).healthy, false);
  });

  it('may answer as any version when forced', () => {
    const order = { ...signal.order, artifact: { ...signal.order.artifact, force: true } };
    assert.equal(view(aLook('v9'), undefined, { ...signal, order }).healthy, true);
  });

  it('counts exits from its restart on, also when the service manager begins anew', () => {
    const exits = (count: number) =>
      view(aLook('v1', { service: { pid: 8, exits: count, lastOutput: '' } })).exits;
    assert.equal(exits(7), 2);
    assert.equal(exits(1), 1);
  });

  it('remembers exits while the service manager cannot be asked', () => {
    const before = view(aLook('v1', { service: { pid: 8, exits: 7, lastOutput: 'x' } }));
    assert.equal(view(aLook('v1', { service: undefined }), before).exits, 2);
  });

  it('is judged by three wrong answers of one process', () => {
    let seen: TrialView | undefined;
    for (const wanted of [undefined, undefined, 'WrongVersionRuns']) {
      seen = view(aLook('v9'), seen);
      assert.equal(judgeTrial(signal, seen)?.reason, wanted);
    }
  });

  it('is not judged by the answers of the process before it', () => {
    let seen: TrialView | undefined;
    const old: Look = aLook(undefined, {
      status: { kind: 'answers', version: 'v1.36.1+k0s.0', pid: 7 },
    });
    for (let i = 0; i < 5; i++) seen = view(old, seen);
    assert.equal(judgeTrial(signal, seen), undefined);
  });
});
