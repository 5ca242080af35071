import { Cron } from 'croner';
import { durationMs } from '../api/duration.ts';
import { type MaintenanceWindow, WEEKDAYS } from '../api/policy-time.ts';

export const DEFAULT_TIME_ZONE = 'UTC';

/**
 * When one window opens, and for how long.
 *
 * Where the clocks are put forward over its start, it opens in the moment after the gap; where its start comes
 * twice, it opens at the first. croner's rules are these, checked minute by minute in test/unit/windows.
 */
export interface Openings {
  readonly lengthMs: number;
  readonly timeZone: string;
  /** The first opening after an instant, exclusive; undefined where there is none any more. */
  next(afterMs: number): number | undefined;
}

/** Windows live as long as the policy that was read; reading cron is dear. */
const known = new WeakMap<MaintenanceWindow, Openings>();

/** @throws where the cron or the time zone cannot be read, which {@link windowFlaws} refuses by name */
export function openingsOf(window: MaintenanceWindow): Openings {
  const made = known.get(window) ?? makeOpenings(window);
  known.set(window, made);
  return made;
}

function makeOpenings(window: MaintenanceWindow): Openings {
  const timeZone = window.timeZone ?? DEFAULT_TIME_ZONE;
  const cron = new Cron(cronOf(window), { timezone: timeZone, mode: '5-part' });
  return {
    lengthMs: durationMs(window.length),
    timeZone,
    next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime(),
  };
}

function cronOf({ cron, days, start = '00:00' }: MaintenanceWindow): string {
  if (cron !== undefined) return cron;
  const [hour, minute] = start.split(':').map(Number);
  const weekdays = (days ?? WEEKDAYS).map((day) => day.toUpperCase()).join(',');
  return `${minute} ${hour} * * ${weekdays}`;
}
