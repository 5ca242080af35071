import type { Diagnosis, Level } from './doctor-checks.ts';
import type { Paint } from './print-paint.ts';
import { pad } from './print-table.ts';
import { countText } from './print-text.ts';

const SIGNS: Readonly<Record<Level, readonly [sign: string, mood: keyof Paint]>> = {
  well: ['✔', 'good'],
  odd: ['!', 'busy'],
  bad: ['✖', 'bad'],
  unknown: ['?', 'dim'],
};

/** @returns lines, without their ends */
export function doctorText(found: readonly Diagnosis[], paint: Paint): string[] {
  const width = Math.max(...found.map(({ check }) => check.length));
  return [
    ...found.flatMap(({ check, level, message, fix }) => {
      const [sign, mood] = SIGNS[level];
      const line = `${paint[mood](sign)} ${paint.strong(pad(check, width))}  ${message}`;
      return fix === undefined ? [line] : [line, `${' '.repeat(width + 4)}${paint.busy(fix)}`];
    }),
    '',
    sum(found, paint),
  ];
}

function sum(found: readonly Diagnosis[], paint: Paint): string {
  const count = (wanted: Level) => found.filter(({ level }) => level === wanted).length;
  const [bad, odd, unknown] = [count('bad'), count('odd'), count('unknown')];
  if (bad > 0)
    return paint.bad(`${countText(bad, 'thing')} to be mended before updates can be trusted`);
  if (odd > 0) return `it works; ${countText(odd, 'thing')} to look at`;
  if (unknown > 0)
    return `nothing is wrong with what could be seen, ${countText(unknown, 'thing')} could not`;
  return paint.good('all is well');
}
