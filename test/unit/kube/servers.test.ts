import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Servers } from '../../../src/kube/servers.ts';

const [HOME, B, C] = ['https://home', 'https://b', 'https://c'];

describe('the API servers', () => {
  test('the one of the kubeconfig is asked first, and alone while no other is known', () => {
    const servers = new Servers(HOME);
    assert.deepEqual(servers.inTurn(), [HOME]);
    servers.failed(HOME);
    assert.equal(servers.current, HOME);
  });

  test('one that fails makes way for the next, which stays until it fails', () => {
    const servers = new Servers(HOME);
    servers.learn([B, C, HOME, B]);
    servers.failed(HOME);
    assert.deepEqual(servers.inTurn(), [B, C, HOME]);
    servers.answered(B);
    assert.equal(servers.current, B);
    servers.failed(B);
    servers.failed(C);
    assert.equal(servers.current, HOME);
  });

  test('the late failure of one that is not asked any more moves nobody', () => {
    const servers = new Servers(HOME);
    servers.learn([B, C]);
    servers.failed(HOME);
    servers.failed(HOME);
    assert.equal(servers.current, B);
  });

  test('only once another one answers are those that failed let go of', () => {
    const servers = new Servers(HOME);
    servers.learn([B]);
    servers.failed(HOME);
    servers.failed(B);
    assert.deepEqual(servers.answered(HOME), [B], 'it had failed, and answers again');
    assert.deepEqual(servers.answered(HOME), []);
  });

  test('one that is not listed any more is asked on while it answers, and not after', () => {
    const servers = new Servers(HOME);
    servers.learn([B]);
    servers.failed(HOME);
    servers.learn([C]);
    assert.deepEqual(servers.inTurn(), [B, HOME, C]);
    servers.failed(B);
    assert.equal(servers.current, HOME);
  });
});
