import type { CataloguedRow } from '../../test/conformance/catalogue/catalogue.ts';
import type { Proof } from '../../test/conformance/catalogue/row.ts';
import type { Outcomes } from './outcomes.ts';

/** Of one file: when it was run last, and what came of those of its tests that the catalogue names. */
interface FileRun {
  /** `2026-03-01` */
  readonly date: string;
  readonly tests: Readonly<Record<string, string>>;
}

/** The last run of all that the catalogue names, as it is kept in the project. */
export interface ConformanceRun {
  /** Version of this project. */
  readonly autopilot: string;
  /** What was updated, and to what. */
  readonly k0s: string;
  readonly files: Readonly<Record<string, FileRun>>;
}

/** @returns what came of a test; undefined: it was not run */
export function outcomeOf({ files }: ConformanceRun, { file, test }: Proof): string | undefined {
  return files[file]?.tests[test];
}

/** @returns the first and the last day of a run; one where they are the same */
export function daysOf({ files }: ConformanceRun): string {
  const days = Object.values(files).map(({ date }) => date);
  const [first, last] = [days.toSorted()[0], days.toSorted().at(-1)];
  return first === last ? `${first}` : `${first} to ${last}`;
}

/** @returns one sentence for each row that a run of some files does not prove: of other files nothing is said */
export function unproven(rows: readonly CataloguedRow[], outcomes: Outcomes): readonly string[] {
  return rows.flatMap(({ id, proofs }) => {
    if (proofs.length === 0) return [`${id}: no test is named that proves it`];
    return proofs
      .filter(({ file }) => outcomes.hasRun(file))
      .flatMap(({ file, test }) => {
        const outcome = outcomes.of(file, test);
        if (outcome === undefined) return [`${id}: there is no test ${file}: ${test}`];
        return outcome === 'failed' ? [`${id}: ${file}: ${test} has failed`] : [];
      });
  });
}

/** What is kept of a run of some of the files. */
export function fileRuns(
  rows: readonly CataloguedRow[],
  outcomes: Outcomes,
  date: string,
): ConformanceRun['files'] {
  const proofs = rows.flatMap((row) => row.proofs).filter(({ file }) => outcomes.hasRun(file));
  const byFile = Map.groupBy(proofs, ({ file }) => file);
  return Object.fromEntries(
    [...byFile].map(([file, own]) => {
      const tests = own.map(({ test }) => [test, outcomes.of(file, test) ?? 'missing'] as const);
      return [file, { date, tests: Object.fromEntries(tests) }];
    }),
  );
}

/**
 * @param before what is kept until now
 * @returns the same with the files that were run anew; of what the catalogue does not name nothing is kept
 */
export function merged(
  before: ConformanceRun['files'],
  anew: ConformanceRun['files'],
  rows: readonly CataloguedRow[],
): ConformanceRun['files'] {
  const named = rows.flatMap(({ proofs }) => proofs.map(({ file }) => file));
  const both = { ...before, ...anew };
  const kept = [...new Set(named)].filter((file) => both[file] !== undefined).sort();
  return Object.fromEntries(kept.map((file) => [file, both[file]!]));
}

/** @returns one sentence for each thing that the last run does not prove of the catalogue as it is now */
export function flawsOf(rows: readonly CataloguedRow[], run: ConformanceRun): readonly string[] {
  const named = new Set<string>();
  const flaws = rows.flatMap(({ id, proofs }) => {
    if (proofs.length === 0) return [`${id}: no test is named that proves it`];
    return proofs.flatMap((proof) => {
      const name = `${proof.file}: ${proof.test}`;
      named.add(name);
      const outcome = outcomeOf(run, proof);
      return outcome === 'passed' ? [] : [`${id}: ${name} was ${outcome ?? 'not run'}`];
    });
  });
  const strangers = Object.entries(run.files)
    .flatMap(([file, { tests }]) => Object.keys(tests).map((test) => `${file}: ${test}`))
    .filter((name) => !named.has(name))
    .map((name) => `${name} was run and is not in the catalogue`);
  return [...flaws, ...strangers];
}
