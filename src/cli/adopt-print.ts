import type { AdoptionCheck } from '../plans/adoption.ts';
import type { Paint } from './print-paint.ts';

const MARKS: Readonly<Record<AdoptionCheck['outcome'], readonly [string, keyof Paint]>> = {
  ready: ['ok', 'good'],
  note: ['note', 'dim'],
  todo: ['to do', 'busy'],
  blocked: ['blocked', 'bad'],
};

/** @returns lines, without their ends */
export function adoptionText(checks: readonly AdoptionCheck[], paint: Paint): string[] {
  return checks.flatMap(({ outcome, subject, sentence, next }) => {
    const [word, color] = MARKS[outcome];
    return [
      `${paint[color](word.padEnd(8))}${paint.strong(subject)}: ${sentence}`,
      ...next.map((command) => `            ${paint.busy(command)}`),
    ];
  });
}
