import { Cron } from 'croner';
import { durationMs, durationSchema } from '../api/duration.ts';
import { type MaintenanceWindow, WEEKDAYS } from '../api/policy-time.ts';
import type { UpdateConfigSpec } from '../api/update-config.ts';
import { messageOf } from '../errors.ts';

/** When a channel is looked at, and when a Plan may be made of what it offers. */
export type Schedule =
  /** Looked at all the time; a Plan is made while the window is open. */
  | { readonly kind: 'periodic'; readonly window: MaintenanceWindow }
  /** Looked at when the cron says so, by the old protocol; a Plan is made at once. */
  | {
      readonly kind: 'cron';
      readonly text: string;
      readonly timeZone: string;
      /** The first time after an instant, exclusive; undefined where there is none any more. */
      next(afterMs: number): number | undefined;
    }
  | { readonly kind: 'invalid'; readonly message: string };

type Strategy = UpdateConfigSpec['upgradeStrategy'];
type Weekday = (typeof WEEKDAYS)[number];

/** What k0s takes where a cron strategy does not say when. */
const DEFAULT_CRON = '@hourly';
const EVERY = /^@every\s+(\S+)$/;
const NAMES: Readonly<Record<string, Weekday>> = {
  monday: 'Mon',
  tuesday: 'Tue',
  wednesday: 'Wed',
  thursday: 'Thu',
  friday: 'Fri',
  saturday: 'Sat',
  sunday: 'Sun',
};

/**
 * Reads the strategy of an UpdateConfig.
 * @param timeZone whose clocks days, startTime and cron are read by
 */
export function scheduleOf(strategy: Strategy, timeZone: string): Schedule {
  switch (strategy?.type) {
    case 'periodic':
      return periodic(strategy.periodic, timeZone);
    case 'cron':
      return cron(strategy.cron?.trim() || DEFAULT_CRON, timeZone);
    case undefined:
      return invalid('type: wanted periodic or cron, found none');
  }
}

function periodic(given: NonNullable<Strategy>['periodic'], timeZone: string): Schedule {
  const days: Weekday[] = [];
  for (const text of given?.days ?? []) {
    const day = weekdayOf(text);
    if (day === undefined) {
      return invalid(
        `periodic.days: wanted a day such as Tuesday, Tuesdays or Tue, found ${JSON.stringify(text)}`,
      );
    }
    if (!days.includes(day)) days.push(day);
  }
  const start = timeOfDay(given?.startTime);
  if (start === undefined) {
    return invalid(
      `periodic.startTime: wanted a time of day such as 22:00, found ${said(given?.startTime)}; without one no window would ever be open`,
    );
  }
  const length = durationSchema.safeParse(given?.length);
  if (!length.success || durationMs(length.data) === 0) {
    return invalid(
      `periodic.length: wanted a duration such as 2h or 90m, found ${said(given?.length)}; without one no window would ever be open`,
    );
  }
  const window = { start, length: length.data, timeZone };
  return { kind: 'periodic', window: days.length === 0 ? window : { ...window, days } };
}

/** In English, whole or its first three letters, one or many of them, in any case: k0s's own page says `Tuesdays`. */
function weekdayOf(text: string): Weekday | undefined {
  const word = text
    .trim()
    .toLowerCase()
    .replace(/(day)s$/, '$1');
  return NAMES[word] ?? WEEKDAYS.find((day) => day.toLowerCase() === word);
}

function timeOfDay(text: string | undefined): string | undefined {
  const [, hour = '', minute = ''] = /^(\d{1,2}):(\d{2})$/.exec(text?.trim() ?? '') ?? [];
  if (hour === '' || Number(hour) > 23 || Number(minute) > 59) return undefined;
  return `${hour.padStart(2, '0')}:${minute}`;
}

function cron(text: string, timeZone: string): Schedule {
  const every = EVERY.exec(text)?.[1];
  if (every !== undefined) {
    const length = durationSchema.safeParse(every);
    // k0s counts in whole seconds as well.
    if (!length.success || durationMs(length.data) < 1_000) {
      return invalid(`cron: wanted @every and a duration of 1s at least, found ${said(text)}`);
    }
    const everyMs = durationMs(length.data);
    return { kind: 'cron', text, timeZone, next: (afterMs) => afterMs + everyMs };
  }
  const fields = text.split(/\s+/).length;
  if (!text.startsWith('@') && fields !== 5 && fields !== 6) {
    return invalid(
      `cron: wanted five fields, or six with seconds first, or a word such as @hourly, found ${said(text)}`,
    );
  }
  try {
    const parsed = new Cron(text, { timezone: timeZone, mode: fields === 6 ? '6-part' : 'auto' });
    if (parsed.nextRun(new Date(0)) === null) return invalid(`cron: ${said(text)} never comes`);
    return {
      kind: 'cron',
      text,
      timeZone,
      next: (afterMs) => parsed.nextRun(new Date(afterMs))?.getTime(),
    };
  } catch (thrown) {
    return invalid(`cron: ${said(text)} cannot be read: ${messageOf(thrown)}`);
  }
}

function invalid(message: string): Schedule {
  return { kind: 'invalid', message: `spec.upgradeStrategy.${message}` };
}

function said(text: string | undefined): string {
  return text === undefined || text === '' ? 'none' : JSON.stringify(text);
}
