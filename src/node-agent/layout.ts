import { dirname, join } from 'node:path';

/** Where things lie. Files beside the binary share its filesystem, so that they can be renamed over it. */
export interface Layout {
  readonly binary: string;
  readonly binaryFolder: string;
  /** The new binary on its way into place. */
  readonly incoming: string;
  /** What ran before the update under way: what an undo puts back. */
  readonly undo: string;
  /** What ran before the last committed update. */
  readonly previous: string;
  readonly stateFolder: string;
  readonly journal: string;
  readonly stagingFolder: string;
  readonly partial: string;
  readonly staged: string;
}

export function layoutOf(binary: string, stateFolder: string): Layout {
  const binaryFolder = dirname(binary);
  const stagingFolder = join(stateFolder, 'staging');
  return {
    binary,
    binaryFolder,
    incoming: join(binaryFolder, '.k0s.autopilot-new'),
    undo: join(binaryFolder, '.k0s.autopilot-undo'),
    previous: join(binaryFolder, '.k0s.autopilot-previous'),
    stateFolder,
    journal: join(stateFolder, 'journal.json'),
    stagingFolder,
    partial: join(stagingFolder, 'k0s.partial'),
    staged: join(stagingFolder, 'k0s'),
  };
}
