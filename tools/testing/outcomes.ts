/** What became of a test. Of several tests of one name in a file, the worst counts. */
export type Outcome = 'passed' | 'skipped' | 'failed';

const WORST: readonly Outcome[] = ['passed', 'skipped', 'failed'];

/** What a run of tests has told, by file and name. */
export class Outcomes {
  readonly #tests = new Map<string, Outcome>();
  readonly #files = new Set<string>();
  readonly #skipping = new Set<string>();

  /** @param file path in the clone */
  note(file: string, name: string, outcome: Outcome): void {
    this.#files.add(file);
    const key = keyOf(file, name);
    const before = this.#tests.get(key) ?? outcome;
    this.#tests.set(key, WORST.indexOf(before) > WORST.indexOf(outcome) ? before : outcome);
    // The tests of a suite that is skipped are never told of.
    if (outcome === 'skipped') this.#skipping.add(file);
  }

  hasRun(file: string): boolean {
    return this.#files.has(file);
  }

  /** @returns undefined where the file was run and has no such test, or was not run */
  of(file: string, name: string): Outcome | undefined {
    const told = this.#tests.get(keyOf(file, name));
    return told ?? (this.#skipping.has(file) ? 'skipped' : undefined);
  }
}

function keyOf(file: string, name: string): string {
  return `${file}: ${name}`;
}
