import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pickSubnet } from '../../support/hosts/subnet.ts';

describe('the network of hosts', () => {
  const first = () => 0;
  const last = () => 0.999999;

  test('is anywhere in 10.130.0.0 to 10.199.255.255', () => {
    assert.equal(pickSubnet([], first), '10.130.0');
    assert.equal(pickSubnet([], last), '10.199.255');
  });

  test('is none that a route goes to, whatever its size', () => {
    assert.equal(pickSubnet(['10.130.0.7', '10.130.1.0/24', '10.130.2.128/25'], first), '10.130.3');
    assert.equal(pickSubnet(['10.130.0.0/15'], first), '10.132.0');
  });

  test('goes on from the beginning when the end is taken', () => {
    assert.equal(pickSubnet(['10.199.255.0/24'], last), '10.130.0');
  });

  test('is not hindered by the default route, nor by what is no IPv4 destination', () => {
    assert.equal(pickSubnet(['default', '0.0.0.0/0', 'fe80::/64', ''], first), '10.130.0');
  });

  test('cannot be had when all is taken, and says so', () => {
    assert.throws(() => pickSubnet(['10.0.0.0/8'], first), /no free \/24 in 10\.130\.0\.0/);
  });
});
