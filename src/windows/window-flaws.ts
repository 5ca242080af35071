import { durationMs } from '../api/duration.ts';
import type { PolicyLayer } from '../api/policy.ts';
import type { PolicyFlaw } from '../api/policy-flaws.ts';
import type { Freeze, MaintenanceWindow } from '../api/policy-time.ts';
import { messageOf } from '../errors.ts';
import { DEFAULT_TIME_ZONE, openingsOf } from './openings.ts';
import { instantOf, isTimeZone } from './wall-time.ts';

/** From where a window is asked for its next opening: a cron without years has one from here or never. */
const ANY_INSTANT_MS = 0;

/** Windows that never open, and freezes that never hold; each by the path of its field. */
export function windowFlaws({ windows = [], freezes = [] }: PolicyLayer): readonly PolicyFlaw[] {
  return [
    ...windows.flatMap((window, at) => flawsOfWindow(window, `windows.${at}`)),
    ...freezes.flatMap((freeze, at) => flawsOfFreeze(freeze, `freezes.${at}`)),
  ];
}

function flawsOfWindow(window: MaintenanceWindow, path: string): PolicyFlaw[] {
  const { cron, days, start, length } = window;
  const flaws = zoneFlaws(window, path);
  if (
    (start === undefined) === (cron === undefined) ||
    (days !== undefined && cron !== undefined)
  ) {
    flaws.push({ path, message: 'wanted start, with or without days, or cron; and not both' });
  }
  if (durationMs(length) === 0) {
    flaws.push({
      path: `${path}.length`,
      message: `wanted longer than 0s, found ${length}: it would never be open`,
    });
  }
  if (flaws.length > 0 || cron === undefined) return flaws;
  try {
    if (openingsOf(window).next(ANY_INSTANT_MS) !== undefined) return [];
    return [
      { path: `${path}.cron`, message: `${JSON.stringify(cron)} never comes, so it never opens` },
    ];
  } catch (thrown) {
    const message = `wanted five fields of cron, found ${JSON.stringify(cron)}: ${messageOf(thrown)}`;
    return [{ path: `${path}.cron`, message }];
  }
}

function flawsOfFreeze(freeze: Freeze, path: string): PolicyFlaw[] {
  const flaws = zoneFlaws(freeze, path);
  if (flaws.length > 0) return flaws;
  const { timeZone = DEFAULT_TIME_ZONE } = freeze;
  for (const field of ['from', 'to'] as const) {
    if (!Number.isNaN(instantOf(freeze[field], timeZone))) continue;
    flaws.push({
      path: `${path}.${field}`,
      message: `wanted a date that exists, found ${freeze[field]}`,
    });
  }
  if (flaws.length === 0 && instantOf(freeze.from, timeZone) >= instantOf(freeze.to, timeZone)) {
    flaws.push({
      path: `${path}.to`,
      message: `wanted later than from (${freeze.from}), found ${freeze.to}`,
    });
  }
  return flaws;
}

function zoneFlaws({ timeZone }: MaintenanceWindow | Freeze, path: string): PolicyFlaw[] {
  if (timeZone === undefined || isTimeZone(timeZone)) return [];
  const message = `wanted an IANA time zone such as Europe/Berlin, found ${JSON.stringify(timeZone)}`;
  return [{ path: `${path}.timeZone`, message }];
}
