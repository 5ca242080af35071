import { relative } from 'node:path';
import type { EventData, TestsStream } from 'node:test';
import { inspect } from 'node:util';
import { Outcomes } from './outcomes.ts';

export interface Totals {
  passed: number;
  failed: number;
}

export interface Followed extends Totals {
  /** Of each file, by its path in the clone. */
  readonly durationsMs: Readonly<Record<string, number>>;
}

/**
 * Follows a run of node:test: one line for each file, everything about a failure, nothing else.
 * @param outcomes is told what became of each test
 * @returns totals of tests (not of suites); cancelled ones, and files without a test, have failed
 */
export async function followRun(
  stream: TestsStream,
  root: string,
  outcomes = new Outcomes(),
): Promise<Followed> {
  const totals: Totals = { passed: 0, failed: 0 };
  const durationsMs: Record<string, number> = {};
  const nameOf = (file: string | undefined) => (file ? relative(root, file) : '(no file)');
  stream.on('test:fail', (data) => {
    outcomes.note(nameOf(data.file), data.name, 'failed');
    if (!onlySubtestsFailed(data)) console.log(failure(data, nameOf(data.file)));
  });
  stream.on('test:pass', ({ name, file, nesting, skip, todo }) => {
    outcomes.note(nameOf(file), name, skip || todo ? 'skipped' : 'passed');
    // How node:test reports a file in which nothing was tested.
    if (nesting !== 0 || name !== file) return;
    console.log(`  FAILED ${nameOf(file)}: has no tests`);
    totals.passed--;
    totals.failed++;
  });
  stream.on('test:diagnostic', ({ message, level, file }) => {
    // node:test's own totals come this way as well, without a file.
    if (file !== undefined && level !== 'error') console.log(`  ${message}`);
  });
  stream.on('test:stdout', ({ message }) => process.stdout.write(message));
  stream.on('test:stderr', ({ message }) => process.stderr.write(message));
  stream.on('test:summary', ({ file, counts, duration_ms }) => {
    const failed = counts.tests - counts.passed - counts.skipped - counts.todo;
    if (file === undefined) {
      totals.passed += counts.passed;
      totals.failed += failed;
      return;
    }
    durationsMs[nameOf(file)] = Math.round(duration_ms);
    const mark = failed > 0 ? 'FAILED' : 'ok    ';
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    const seconds = (duration_ms / 1000).toFixed(1);
    console.log(`  ${mark} ${nameOf(file)}: ${counts.passed} passed${skipped} (${seconds} s)`);
  });
  for await (const _ of stream);
  return { ...totals, durationsMs };
}

/** The subtests have told their story themselves. */
function onlySubtestsFailed({ details }: EventData.TestFail): boolean {
  return /^\d+ subtests? failed$/.test(String(details.error.cause));
}

function failure(data: EventData.TestFail, file: string): string {
  const { error } = data.details;
  const text = inspect(error.cause ?? error, { depth: 6, colors: false });
  return `  FAILED ${file}:${data.line ?? '?'}: ${data.name}\n${text.replace(/^/gm, '    ')}`;
}
