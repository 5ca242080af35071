import { integer, message, nested, one, type Read } from './message.ts';

const MOMENT = nested(
  message<{ seconds?: number; nanos?: number }>({
    1: one('seconds', integer),
    2: one('nanos', integer),
  }),
);

/** As JSON says the same Time, in whole seconds: the one may be compared with the other. An empty one is none. */
export const time: Read<string | undefined> = (from) => {
  const { seconds } = MOMENT(from);
  return seconds === undefined ? undefined : `${dateOf(seconds)}Z`;
};

/** As JSON says the same MicroTime. */
export const microTime: Read<string | undefined> = (from) => {
  const { seconds, nanos = 0 } = MOMENT(from);
  if (seconds === undefined) return undefined;
  return `${dateOf(seconds)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
};

/** @returns such as `2026-01-31T23:59:59` */
function dateOf(seconds: number): string {
  return new Date(1000 * seconds).toISOString().slice(0, -'.000Z'.length);
}
