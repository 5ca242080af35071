import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everythingOf, PARTS, wantedOf } from '../../../src/install/wanted.ts';

const MANAGERS = ['systemd', 'openrc'] as const;

describe('what is installed', () => {
  test('both have one service, and one that settles', () => {
    const { services, otherServices } = wantedOf({
      ...{ part: 'both', manager: 'systemd', edge: false, isController: true },
    });
    assert.deepEqual(services, ['autopilot-settle.service', 'autopilot.service']);
    assert.ok(otherServices.includes('autopilot-agent.service'));
  });

  test('an orchestrator alone has nothing of an agent', () => {
    const wanted = wantedOf({
      ...{ part: 'controller', manager: 'openrc', edge: false, isController: true },
    });
    assert.deepEqual(wanted.services, ['autopilot-controller']);
    const paths = [...wanted.files, ...wanted.folders, ...wanted.kubeconfigs].map(
      ({ path }) => path,
    );
    assert.deepEqual(paths, [
      '/etc/conf.d/autopilot-controller',
      '/etc/init.d/autopilot-controller',
      '/usr/local/bin/kubectl_complete-autopilot',
      '/etc/conf.d',
      '/etc/autopilot-controller',
      '/etc/autopilot-controller/kubeconfig',
    ]);
  });

  test("a worker's agent has no credential of its own", () => {
    const { kubeconfigs, needsUser } = wantedOf({
      ...{ part: 'agent', manager: 'systemd', edge: false, isController: false },
    });
    assert.deepEqual(kubeconfigs, []);
    assert.equal(needsUser, false);
  });

  test("an agent is told of k0s's service where it has another name", () => {
    const { files } = wantedOf({
      ...{ part: 'agent', manager: 'systemd', edge: false, isController: false },
      serviceName: 'k9s',
    });
    const flags = files.find(({ path }) => path === '/etc/default/autopilot-agent');
    assert.match(flags?.text ?? '', /^AUTOPILOT_AGENT_ARGS="--service-name=k9s"$/m);
  });

  test('an orchestrator is told of its ControlNode where that has another name than the host', () => {
    for (const [manager, folder] of [
      ['systemd', 'default'],
      ['openrc', 'conf.d'],
    ] as const) {
      const choice = { part: 'both', manager, edge: false, isController: true } as const;
      const flagsOf = (ownHost?: string) =>
        wantedOf({ ...choice, ownHost }).files.find(
          ({ path }) => path === `/etc/${folder}/autopilot-controller`,
        )?.text ?? '';
      assert.match(flagsOf('cp-one'), /^AUTOPILOT_CONTROLLER_ARGS="--own-host=cp-one"$/m);
      assert.doesNotMatch(flagsOf(), /^AUTOPILOT_CONTROLLER_ARGS/m);
    }
  });

  test('whatever is installed is known to what takes it away', () => {
    for (const manager of MANAGERS) {
      const all = everythingOf(manager, '/usr/local/bin');
      const known = new Set([
        ...all.units,
        ...all.texts.map(({ path }) => path),
        ...all.credentials,
        ...all.folders,
        '/var/lib/autopilot',
      ]);
      for (const part of PARTS) {
        for (const edge of manager === 'systemd' ? [false, true] : [false]) {
          const wanted = wantedOf({ part, manager, edge, isController: true });
          const paths = [...wanted.files, ...wanted.folders, ...wanted.kubeconfigs];
          for (const { path } of paths) assert.ok(known.has(path), `${manager} ${part}: ${path}`);
          for (const name of wanted.services) assert.ok(all.services.includes(name), name);
        }
      }
    }
  });

  test('secrets are for those alone whose they are', () => {
    for (const manager of MANAGERS) {
      const { kubeconfigs } = wantedOf({ part: 'both', manager, edge: false, isController: true });
      assert.equal(kubeconfigs.length, 2);
      for (const { mode, path } of kubeconfigs) assert.equal(mode & 0o077, 0, path);
    }
  });
});
