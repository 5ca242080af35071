import type { Freeze, MaintenanceWindow } from '../api/policy-time.ts';
import { DEFAULT_TIME_ZONE, type Openings, openingsOf } from './openings.ts';
import { instantOf } from './wall-time.ts';

/** Whether something may be begun, and until when that stays so. Epoch milliseconds. */
export type WindowState =
  | {
      readonly kind: 'open';
      /** Undefined: not within the time that is looked ahead. */
      readonly closesAtMs: number | undefined;
    }
  | {
      readonly kind: 'closed';
      /** The freeze that holds, or undefined where no window is open. */
      readonly freeze: Freeze | undefined;
      /** Undefined: never again. */
      readonly opensAtMs: number | undefined;
      /** The time zone in whose words the opening is said. */
      readonly timeZone: string;
    };

/** Windows that go over into each other are followed this often: a day each, for more than a year. */
const MAX_STEPS = 500;

interface Span {
  readonly freeze: Freeze;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * @param windows open while one of them is; always, where there are none. Without {@link windowFlaws}.
 * @param freezes closed while one of them holds, whatever the windows say
 */
export function windowAt(
  windows: readonly MaintenanceWindow[],
  freezes: readonly Freeze[],
  nowMs: number,
): WindowState {
  const all = windows.map(openingsOf);
  const spans = freezes.map(spanOf);
  const holding = holdingAt(spans, nowMs);
  if (holding === undefined && isOpen(all, nowMs)) {
    return { kind: 'open', closesAtMs: closingAfter(all, spans, nowMs) };
  }
  return { kind: 'closed', freeze: holding?.freeze, ...openingAfter(all, spans, nowMs) };
}

function spanOf(freeze: Freeze): Span {
  const { from, to, timeZone = DEFAULT_TIME_ZONE } = freeze;
  return { freeze, fromMs: instantOf(from, timeZone), toMs: instantOf(to, timeZone) };
}

/** Of several, the one that ends last. */
function holdingAt(spans: readonly Span[], ms: number): Span | undefined {
  return spans
    .filter(({ fromMs, toMs }) => fromMs <= ms && ms < toMs)
    .reduce<Span | undefined>(
      (last, one) => (last && last.toMs >= one.toMs ? last : one),
      undefined,
    );
}

function isOpen(all: readonly Openings[], ms: number): boolean {
  return all.length === 0 || all.some((one) => openedWithin(one, ms) !== undefined);
}

/** The first opening whose time is not over at that moment. */
function openedWithin(one: Openings, ms: number): number | undefined {
  const start = one.next(ms - one.lengthMs);
  return start !== undefined && start <= ms ? start : undefined;
}

function closingAfter(
  all: readonly Openings[],
  spans: readonly Span[],
  nowMs: number,
): number | undefined {
  const frozenAtMs = spans
    .map(({ fromMs }) => fromMs)
    .filter((fromMs) => fromMs > nowMs)
    .reduce((first, one) => Math.min(first, one), Number.POSITIVE_INFINITY);
  if (all.length === 0) return Number.isFinite(frozenAtMs) ? frozenAtMs : undefined;
  let endMs = nowMs;
  for (let step = 0; step < MAX_STEPS && endMs < frozenAtMs; step++) {
    const later = all.flatMap((one) => {
      const start = openedWithin(one, endMs);
      return start === undefined ? [] : [start + one.lengthMs];
    });
    if (later.length === 0) return endMs;
    endMs = Math.max(...later);
  }
  return Number.isFinite(frozenAtMs) && endMs >= frozenAtMs ? frozenAtMs : undefined;
}

function openingAfter(
  all: readonly Openings[],
  spans: readonly Span[],
  nowMs: number,
): { readonly opensAtMs: number | undefined; readonly timeZone: string } {
  let ms = nowMs;
  let timeZone = all[0]?.timeZone ?? DEFAULT_TIME_ZONE;
  for (let step = 0; step < MAX_STEPS; step++) {
    const holding = holdingAt(spans, ms);
    if (holding !== undefined) {
      ms = holding.toMs;
      timeZone = holding.freeze.timeZone ?? DEFAULT_TIME_ZONE;
    } else if (isOpen(all, ms)) {
      return { opensAtMs: ms, timeZone };
    } else {
      const starts = all.flatMap((one) => {
        const startMs = one.next(ms);
        return startMs === undefined ? [] : [{ startMs, timeZone: one.timeZone }];
      });
      const [first] = starts.toSorted((a, b) => a.startMs - b.startMs);
      if (first === undefined) break;
      ms = first.startMs;
      timeZone = first.timeZone;
    }
  }
  return { opensAtMs: undefined, timeZone };
}
