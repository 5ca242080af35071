import type { Proof } from './row.ts';

/** @returns how a test of that file is named */
export function testsOf(file: string): (...tests: readonly string[]) => readonly Proof[] {
  return (...tests) => tests.map((test) => ({ file: `test/${file}.test.ts`, test }));
}
