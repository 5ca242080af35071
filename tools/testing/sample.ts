import fc from 'fast-check';

/** Files that test much the same parts, each of which takes minutes. */
export interface Group {
  /** So many of them are run by `npm test`. */
  readonly take: number;
  readonly files: readonly string[];
}

/**
 * All of them take more than half an hour of two cores, which is more than anybody waits for. `npm test` runs some
 * of each group, chosen by its seed; `npm run test:long` runs them all.
 */
export const SAMPLED: readonly Group[] = [
  {
    take: 2,
    files: files(
      'integration/plans',
      ...['batches', 'downloads', 'drain-rules', 'history', 'interruptions', 'points'],
      ...['policy', 'rollback', 'scale', 'several', 'verbs'],
    ),
  },
  { take: 1, files: files('integration/gates', 'plan', 'workloads-worse') },
  {
    take: 2,
    files: [
      ...files('integration/channels', 'follow'),
      ...files('integration/cli', 'doctor', 'preview-explain'),
      ...files('integration/k0s', 'before-a-run', 'consumers', 'moving-over'),
    ],
  },
  {
    take: 2,
    files: files(
      'conformance',
      ...['airgap', 'hybrid', 'one-controller', 'quorum', 'single-node', 'updater'],
    ),
  },
  { take: 1, files: files('e2e', 'hosts-agent', 'hosts-faults', 'hosts-layout') },
];

function files(folder: string, ...names: readonly string[]): string[] {
  return names.map((name) => `test/${folder}/${name}.test.ts`);
}

/** @returns the files that a run with this seed leaves to `npm run test:long`; the same ones each time */
export function leftToLong(seed: number): ReadonlySet<string> {
  const left = SAMPLED.flatMap(({ take, files }) => {
    const taken = sampleOf(files, take, seed);
    return files.filter((file) => !taken.includes(file));
  });
  return new Set(left);
}

/** @returns so many of them, the same ones for the same seed */
export function sampleOf<T>(all: readonly T[], take: number, seed: number): readonly T[] {
  const subset = fc.shuffledSubarray([...all], { minLength: take, maxLength: take });
  return fc.sample(subset, { seed, numRuns: 1 })[0]!;
}
