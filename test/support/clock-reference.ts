/** Wall clocks of a zone, minute by minute, by nothing but Intl: what windows are checked against. */
export interface WallMinute {
  readonly ms: number;
  /** `2026-03-29T02:30`. */
  readonly text: string;
  /** `Sun`. */
  readonly weekday: string;
}

const MINUTE = 60_000;
/** Clocks are changed at full and half hours. */
const STEP = 30 * MINUTE;

export function* wallMinutes(zone: string, fromMs: number, toMs: number): Generator<WallMinute> {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  for (let stepMs = fromMs; stepMs < toMs; stepMs += STEP) {
    const offset = Date.parse(`${format.format(stepMs).replace(' ', 'T')}Z`) - stepMs;
    for (let ms = stepMs; ms < stepMs + STEP && ms < toMs; ms += MINUTE) {
      const wall = new Date(ms + offset);
      yield { ms, text: wall.toISOString().slice(0, 16), weekday: weekdays[wall.getUTCDay()]! };
    }
  }
}

/** One coming of a time of day. */
export interface Coming {
  readonly ms: number;
  /** Of the date on which it was to come. */
  readonly weekday: string;
}

/**
 * When each time of day comes: the first time where it comes twice, and the moment after the gap where the
 * clocks are put forward over it.
 * @returns by `02:30`
 */
export function comingsByMinute(minutes: Iterable<WallMinute>): Map<string, Coming[]> {
  const comings = new Map<string, Coming[]>();
  const add = (text: string, ms: number, weekday: string) => {
    const time = text.slice(11);
    const known = comings.get(time);
    if (known === undefined) comings.set(time, [{ ms, weekday }]);
    else known.push({ ms, weekday });
  };
  /** The latest that the clocks have shown. */
  let latest = '';
  for (const { ms, text, weekday } of minutes) {
    if (text <= latest) continue;
    const expected = latest === '' ? text : plusMinute(latest);
    for (let skipped = expected; skipped < text; skipped = plusMinute(skipped)) {
      add(skipped, ms, weekdayOf(skipped));
    }
    add(text, ms, weekday);
    latest = text;
  }
  return comings;
}

function weekdayOf(text: string): string {
  const format = { weekday: 'short', timeZone: 'UTC' } as const;
  return new Date(`${text}Z`).toLocaleDateString('en-GB', format);
}

function plusMinute(text: string): string {
  return new Date(Date.parse(`${text}Z`) + MINUTE).toISOString().slice(0, 16);
}

/** The union of what opens at these starts, as `[from, to]`. */
export function unionOf(spans: readonly (readonly [number, number])[]): [number, number][] {
  const union: [number, number][] = [];
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = union.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else union.push([from, to]);
  }
  return union;
}
