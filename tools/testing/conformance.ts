import type { CataloguedRow } from '../../test/conformance/catalogue/catalogue.ts';
import type { Proof } from '../../test/conformance/catalogue/row.ts';
import type { Outcomes } from './outcomes.ts';

/** The last run of all that the catalogue names, as it is kept in the project. */
export interface ConformanceRun {
  /** `2026-03-01` */
  readonly date: string;
  /** Of this project. */
  readonly autopilot: string;
  /** What was updated, and to what. */
  readonly k0s: string;
  /** By row, each test with its outcome. */
  readonly rows: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** `test/x.test.ts: its name` */
export function nameOf({ file, test }: Proof): string {
  return `${file}: ${test}`;
}

/** @returns one sentence for each row that a run of some files does not prove: of other files nothing is said */
export function unproven(rows: readonly CataloguedRow[], outcomes: Outcomes): readonly string[] {
  return rows.flatMap(({ id, proofs }) => {
    if (proofs.length === 0) return [`${id}: no test is named that proves it`];
    return proofs
      .filter(({ file }) => outcomes.hasRun(file))
      .flatMap((proof) => {
        const outcome = outcomes.of(proof.file, proof.test);
        if (outcome === undefined) return [`${id}: there is no test ${nameOf(proof)}`];
        return outcome === 'failed' ? [`${id}: ${nameOf(proof)} has failed`] : [];
      });
  });
}

/** What is kept of a run. */
export function rowsOf(rows: readonly CataloguedRow[], outcomes: Outcomes): ConformanceRun['rows'] {
  return Object.fromEntries(
    rows.map(({ id, proofs }) => [
      id,
      Object.fromEntries(
        proofs.map((one) => [nameOf(one), outcomes.of(one.file, one.test) ?? 'missing']),
      ),
    ]),
  );
}

/** @returns one sentence for each thing that the last run does not prove of the catalogue as it is now */
export function flawsOf(rows: readonly CataloguedRow[], run: ConformanceRun): readonly string[] {
  const known = new Set(rows.map(({ id }) => id));
  const strangers = Object.keys(run.rows).filter((id) => !known.has(id));
  return [
    ...rows.flatMap(({ id, proofs }) => {
      const found = run.rows[id];
      if (found === undefined) return [`${id} was not in the last run`];
      if (proofs.length === 0) return [`${id}: no test is named that proves it`];
      const wanted = proofs.map(nameOf);
      const more = Object.keys(found).filter((name) => !wanted.includes(name));
      return [
        ...wanted.flatMap((name) =>
          found[name] === 'passed'
            ? []
            : [`${id}: ${name} was ${found[name] ?? 'not in the last run'}`],
        ),
        ...more.map((name) => `${id}: ${name} is not in the catalogue`),
      ];
    }),
    ...strangers.map((id) => `${id} is in the last run and not in the catalogue`),
  ];
}
