import { existsSync } from 'node:fs';
import { isSea } from 'node:sea';
import { messageOf } from '../errors.ts';
import { type K0sUnit, readK0sCommand } from '../node-agent/k0s-unit.ts';
import { findK0sUnit, NoK0sUnitError, runningManager } from '../node-agent/service-find-client.ts';
import { CannotInstallError } from './errors.ts';
import { disabledComponents, type HostView } from './judge.ts';
import { type Manager, type Part, unitPath } from './wanted.ts';

export interface SeenHost extends HostView {
  readonly unit: K0sUnit | undefined;
  readonly dataDir: string;
}

/**
 * Looks at this host; changes nothing.
 * @param serviceName of k0s, where it is another one than `k0s install` gives
 * @throws CannotInstallError where there is neither systemd nor OpenRC
 */
export async function viewHost(serviceName: string | undefined): Promise<SeenHost> {
  const manager = managerOf();
  let unit: K0sUnit | undefined;
  let whyNoK0s: string | undefined;
  try {
    unit = await findK0sUnit({ manager, name: serviceName });
  } catch (thrown) {
    if (!(thrown instanceof NoK0sUnitError)) throw thrown;
    whyNoK0s = messageOf(thrown);
  }
  const command = unit && readK0sCommand(unit.args);
  return {
    isRoot: process.getuid?.() === 0,
    isOneFile: isSea(),
    manager,
    unit,
    whyNoK0s,
    dataDir: command?.dataDir ?? '/var/lib/k0s',
    k0s: unit && {
      role: command?.role,
      unit: unit.name,
      disabled: disabledComponents(unit.args),
    },
    installed: installedPart(manager),
  };
}

function managerOf(): Manager {
  try {
    return runningManager();
  } catch (thrown) {
    throw new CannotInstallError(messageOf(thrown));
  }
}

function installedPart(manager: Manager): Part | undefined {
  const ending = manager === 'systemd' ? '.service' : '';
  const has = (name: string) => existsSync(unitPath(manager, `${name}${ending}`));
  if (has('autopilot')) return 'both';
  if (has('autopilot-controller')) return 'controller';
  return has('autopilot-agent') || has('autopilot-agent-once') ? 'agent' : undefined;
}
