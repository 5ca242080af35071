import type { UpdateConfigStatus } from '../api/update-config.ts';
import { describeInstant } from '../windows/wall-time.ts';
import { windowAt } from '../windows/window-at.ts';
import type { Schedule } from './schedule.ts';

/** Whether a Plan may be made at this moment. */
export interface WindowSight {
  readonly isOpen: boolean;
  readonly changesAtMs: number | undefined;
  readonly shown: UpdateConfigStatus['window'];
}

/** A cron strategy has no window: its Plans are made when it has asked. */
export function windowOf(schedule: Schedule, nowMs: number): WindowSight {
  if (schedule.kind !== 'periodic')
    return { isOpen: true, changesAtMs: undefined, shown: undefined };
  const { window } = schedule;
  const zone = window.timeZone ?? 'UTC';
  const state = windowAt([window], [], nowMs);
  if (state.kind === 'open') {
    const { closesAtMs } = state;
    if (closesAtMs === undefined)
      return { isOpen: true, changesAtMs: undefined, shown: { text: 'open' } };
    const text = `open until ${describeInstant(closesAtMs, zone)}`;
    return { isOpen: true, changesAtMs: closesAtMs, shown: { closesAt: iso(closesAtMs), text } };
  }
  const { opensAtMs } = state;
  if (opensAtMs === undefined)
    return { isOpen: false, changesAtMs: undefined, shown: { text: 'never opens again' } };
  const text = `the window opens ${describeInstant(opensAtMs, zone)}`;
  return { isOpen: false, changesAtMs: opensAtMs, shown: { opensAt: iso(opensAtMs), text } };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
