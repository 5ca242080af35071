import { isReason, REASONS } from '../api/reasons.ts';
import type { Explanation, Finding, Standing } from '../plans/explain.ts';
import { meanwhileOf } from '../plans/explain-meanwhile.ts';
import type { Paint } from './print-paint.ts';
import { durationText, instantText } from './print-text.ts';

/** Of hundreds of nodes that wait alike, the first ones say it all. */
const SHOWN_FINDINGS = 12;

const MOODS: Readonly<Record<Standing, 'good' | 'bad' | 'busy'>> = {
  unseen: 'busy',
  queued: 'busy',
  running: 'busy',
  refused: 'bad',
  failed: 'bad',
  completed: 'good',
  foreign: 'busy',
};

/**
 * @param wide all findings, and of each what its reason means and what is safe meanwhile
 * @returns lines, without their ends
 */
export function explanationText(
  found: Explanation,
  paint: Paint,
  nowMs: number,
  wide = false,
): string[] {
  const shown = wide ? found.findings : found.findings.slice(0, SHOWN_FINDINGS);
  const rest = found.findings.length - shown.length;
  const progress = found.progress === '' ? '' : paint.dim(`  [${found.progress} done]`);
  return [
    `${paint[MOODS[found.standing]](found.sentence)}${progress}`,
    ...shown.flatMap((one) => ['', ...findingText(one, paint, nowMs, wide)]),
    ...(rest > 0 ? ['', `and ${rest} more; -o wide has all`] : []),
  ];
}

function findingText(
  { subject, reason, sentence, until, details = [], fix, next }: Finding,
  paint: Paint,
  nowMs: number,
  wide: boolean,
): string[] {
  const limit =
    until === undefined
      ? ''
      : ` (until ${instantText(until)}, in ${durationText(Math.max(0, Date.parse(until) - nowMs))})`;
  return [
    `${paint.strong(subject)}  ${sentence}${limit} ${paint.dim(`[${reason}]`)}`,
    ...details.map((line) => `  - ${line}`),
    ...(wide ? wideText(reason) : []),
    ...(fix === '' ? [] : [`  ${fix}`]),
    ...next.map((command) => `    ${paint.busy(command)}`),
  ];
}

function wideText(reason: string): string[] {
  if (!isReason(reason)) return [];
  return [`  ${REASONS[reason]}`, `  Meanwhile: ${meanwhileOf(reason)}`];
}
