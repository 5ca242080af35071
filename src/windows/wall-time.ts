/** Formatters are dear to make and cheap to use; a cluster has few time zones. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  formatters.set(timeZone, made);
  return made;
}

/** Whether the name is one of the IANA's; offsets such as `+02:00` are not: they do not know of summer. */
export function isTimeZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

function partsAt(ms: number, timeZone: string): Record<string, string> {
  return Object.fromEntries(
    formatterOf(timeZone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
}

/** How far the clocks of the zone are ahead of UTC, in milliseconds. */
function offsetAt(ms: number, timeZone: string): number {
  const { year, month, day, hour, minute, second } = partsAt(ms, timeZone);
  const wallMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return wallMs - Math.floor(ms / 1000) * 1000;
}

/**
 * The instant of a time such as `2026-12-20T00:00`, or of one that says its own offset.
 * Of a time that is there twice, the first; of one that is skipped, as if the clocks were changed after it.
 * @returns epoch milliseconds; NaN for a date that does not exist
 */
export function instantOf(moment: string, timeZone: string): number {
  if (/(Z|[+-]\d\d:\d\d)$/.test(moment)) return exact(moment);
  const wallMs = exact(`${moment}Z`);
  if (Number.isNaN(wallMs)) return wallMs;
  const day = 86_400_000;
  const before = offsetAt(wallMs - day, timeZone);
  const after = offsetAt(wallMs + day, timeZone);
  const fits = [wallMs - before, wallMs - after]
    .filter((ms) => ms + offsetAt(ms, timeZone) === wallMs)
    .sort((a, b) => a - b);
  return fits[0] ?? wallMs - before;
}

/** Date rolls 30 February over into March; here it is no date. */
function exact(moment: string): number {
  const ms = Date.parse(moment);
  const asUtc = Date.parse(`${moment.slice(0, 16)}Z`);
  if (Number.isNaN(ms) || Number.isNaN(asUtc)) return Number.NaN;
  return new Date(asUtc).toISOString().startsWith(moment.slice(0, 16)) ? ms : Number.NaN;
}

/** `Sat 2026-03-07 22:00 Europe/Berlin (21:00 UTC)`; with the date of UTC where that is another. */
export function describeInstant(ms: number, timeZone: string): string {
  const { weekday, year, month, day, hour, minute } = partsAt(ms, timeZone);
  const date = `${year}-${month}-${day}`;
  const local = `${weekday} ${date} ${hour}:${minute} ${timeZone}`;
  if (timeZone === 'UTC') return local;
  const utc = new Date(ms).toISOString();
  const utcDate = utc.slice(0, 10);
  return `${local} (${utcDate === date ? '' : `${utcDate} `}${utc.slice(11, 16)} UTC)`;
}
