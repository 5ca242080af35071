import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type K0sUnit, UNIT_NAMES } from './k0s-unit.ts';
import { openrcUnit } from './service-openrc.ts';
import { initScriptOf, readInitScript } from './service-openrc-client.ts';
import { runProgram } from './service-program-client.ts';
import { chooseUnits, k0sUnitOf, parseShow, UNIT_PROPERTIES } from './service-systemd.ts';

const ANSWER_WITHIN_MS = 10_000;
/** As sd_booted(3) and openrc's own scripts tell. */
const SYSTEMD_RUNS = '/run/systemd/system';
const OPENRC_RUNS = '/run/openrc/softlevel';

/** What to look for: a manager that was forced or `auto`, a name where it was given. */
export interface WantedUnit {
  readonly manager: 'auto' | 'systemd' | 'openrc';
  readonly name: string | undefined;
}

/** Nothing on this host is k0s as a service, or more than one thing is. */
export class NoK0sUnitError extends Error {}

/**
 * Asks the host's service manager which of its services is k0s, and how it is started.
 * @throws NoK0sUnitError that says what was looked for, and where
 */
export async function findK0sUnit(wanted: WantedUnit): Promise<K0sUnit> {
  const manager = wanted.manager === 'auto' ? runningManager() : wanted.manager;
  const names = wanted.name === undefined ? [...UNIT_NAMES] : [wanted.name];
  return manager === 'systemd' ? findAtSystemd(names) : findAtOpenrc(names);
}

/** @throws NoK0sUnitError where it is neither */
export function runningManager(): 'systemd' | 'openrc' {
  if (existsSync(SYSTEMD_RUNS)) return 'systemd';
  if (existsSync(OPENRC_RUNS)) return 'openrc';
  throw new NoK0sUnitError(
    `wanted a service manager, found neither systemd (${SYSTEMD_RUNS}) nor OpenRC (${OPENRC_RUNS})`,
  );
}

async function findAtSystemd(names: readonly string[]): Promise<K0sUnit> {
  const units = names.map((name) => (name.endsWith('.service') ? name : `${name}.service`));
  const args = ['show', ...UNIT_PROPERTIES.map((name) => `--property=${name}`), ...units];
  const asked = parseShow(await orNone('systemctl', args));
  const chosen = chooseUnits(asked);
  const [properties] = chosen;
  const found = asked.map((one) => `${one.get('Id')} ${one.get('LoadState')}`).join(', ');
  if (properties === undefined) throw none('systemd', units, found);
  if (chosen.length > 1) throw several(chosen.map((one) => one.get('Id') ?? ''));
  const pid = Number(properties.get('MainPID') ?? 0);
  const unit = k0sUnitOf(properties, pid > 0 ? await commandLineOf(pid) : undefined);
  if (unit) return unit;
  throw new NoK0sUnitError(`wanted an ExecStart= in ${properties.get('Id')}, found none`);
}

async function findAtOpenrc(names: readonly string[]): Promise<K0sUnit> {
  const scripts = names.map(initScriptOf);
  const there = names.filter((name) => existsSync(initScriptOf(name)));
  const [name] = there;
  if (name === undefined) throw none('OpenRC', scripts, 'no such file');
  if (there.length > 1) throw several(there);
  const script = await readInitScript(name).catch((thrown: unknown) => {
    throw new NoK0sUnitError(thrown instanceof Error ? thrown.message : String(thrown));
  });
  return openrcUnit(name, script);
}

function none(manager: string, looked: readonly string[], found: string): NoK0sUnitError {
  return new NoK0sUnitError(
    `wanted k0s as a service of ${manager}, ${looked.join(' or ')}; found ${found}. \`k0s install\` makes one; --service-name names another`,
  );
}

function several(names: readonly string[]): NoK0sUnitError {
  return new NoK0sUnitError(
    `wanted one k0s on this host, found ${names.join(' and ')}: say which by --service-name`,
  );
}

/** A manager that cannot be asked has no service for us. */
function orNone(program: string, args: readonly string[]): Promise<string> {
  return runProgram(program, args, ANSWER_WITHIN_MS).catch((thrown: unknown) => {
    throw new NoK0sUnitError(thrown instanceof Error ? thrown.message : String(thrown));
  });
}

async function commandLineOf(pid: number): Promise<readonly string[] | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text === '' ? undefined : text.replace(/\0$/, '').split('\0');
}
