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
  /** What has come of a download that is not whole yet. */
  readonly partial: string;
  /** What is known of {@link partial}: where it comes from, and how much of it is on the disk for certain. */
  readonly partialRecord: string;
  readonly staged: string;
  /** Of k0s. */
  readonly dataFolder: string;
  /** Where k0s looks for image bundles. */
  readonly imagesFolder: string;
  /** A bundle on its way into {@link imagesFolder}: beside it, so that k0s never sees a part of one. */
  readonly incomingImages: string;
  readonly backupFolder: string;
  /** Where a backup is made before it has been looked at. */
  readonly incomingBackup: string;
}

export interface Places {
  readonly binary: string;
  readonly stateFolder: string;
  /** Of k0s; `/var/lib/k0s` unless it was told otherwise. */
  readonly dataFolder?: string;
  readonly backupFolder?: string | undefined;
}

export function layoutOf({
  binary,
  stateFolder,
  dataFolder = '/var/lib/k0s',
  backupFolder = join(stateFolder, 'backups'),
}: Places): Layout {
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
    partial: join(stagingFolder, 'artifact.partial'),
    partialRecord: join(stagingFolder, 'artifact.partial.json'),
    staged: join(stagingFolder, 'artifact'),
    dataFolder,
    imagesFolder: join(dataFolder, 'images'),
    incomingImages: join(dataFolder, '.autopilot-images'),
    backupFolder,
    incomingBackup: join(backupFolder, '.incoming'),
  };
}
