/**
 * All that a step may ask of the machine. Each call is one thing that can fail, lie or be the last before
 * the power goes; that is why writing, syncing and renaming are apart from one another. Tests run the
 * agent on a host that ends at any of these calls.
 */
export interface Host {
  readonly files: Files;
  readonly clock: HostClock;
  readonly k0s: K0sProcess;
  readonly service: ServiceManager;
  readonly network: Network;
}

export interface FileInfo {
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Failures keep the system's own error code (`ENOSPC`, `EROFS`). Absence is a value. */
export interface Files {
  stat(path: string): Promise<FileInfo | undefined>;
  /** Names in a folder; none when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  makeFolder(path: string): Promise<void>;
  readText(path: string): Promise<string | undefined>;
  /** Replaces the content in place and does not sync: write beside, sync, then rename. */
  writeText(path: string, text: string): Promise<void>;
  /** With the mode and owner of `like`; does not sync. */
  copy(from: string, to: string, like: FileInfo): Promise<void>;
  /** A second name for the same file; fails where `to` exists, or the filesystem knows no such thing. */
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Absent already is well. */
  remove(path: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  sync(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
  /** Reads every byte from the disk; undefined when absent. */
  sha256(path: string): Promise<string | undefined>;
  /** For reports only: an answer of before may be given while size and times are unchanged. */
  knownSha256(path: string): Promise<string | undefined>;
  freeBytes(folder: string): Promise<number>;
  isWritable(folder: string): Promise<boolean>;
}

export interface HostClock {
  /** Another one after every boot of the machine. */
  bootId(): string;
  /** Since that boot, never stepped; sleeping machines count. */
  uptimeMs(): number;
  /** Returns early, without an error, when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Network {
  /**
   * Fetches once, whole, synced to disk.
   * @throws DownloadError; the reason of `signal` when aborted
   */
  fetch(
    url: string,
    to: string,
    options: {
      readonly signal: AbortSignal;
      /** The download is given up after it, as a failure that may be tried again. */
      readonly withinMs: number;
      readonly onStart?: (totalBytes: number | undefined) => Promise<void>;
      readonly onProgress?: (doneBytes: number, totalBytes: number | undefined) => void;
    },
  ): Promise<{ readonly sizeBytes: number; readonly sha256: string }>;
}

/** What a binary answered to `version`, run as nobody with nothing in its environment. */
export type SaidVersion =
  | { readonly kind: 'said'; readonly version: string }
  /** It runs and fails, hangs, or is no program for this machine. */
  | { readonly kind: 'failed'; readonly message: string }
  /** The machine does not let us run it, whatever it is. */
  | { readonly kind: 'forbidden'; readonly message: string };

export type K0sStatus =
  | {
      readonly kind: 'answers';
      readonly version: string;
      readonly pid: number;
      /** `spec.api.address` of its configuration; controllers only. */
      readonly apiAddress?: string | undefined;
    }
  | { readonly kind: 'silent'; readonly message: string };

export interface K0sProcess {
  /** What answers on the status socket. */
  status(): Promise<K0sStatus>;
  /** Digest of the file that a process was started from, replaced since or not; undefined when it is gone. */
  runningSha256(pid: number): Promise<string | undefined>;
  /** Runs a file. It must have been verified. */
  versionOf(path: string): Promise<SaidVersion>;
}

export interface ServiceState {
  /** Undefined while nothing runs. */
  readonly pid: number | undefined;
  /** How often the process has ended by itself, as the service manager counts. */
  readonly exits: number;
  /** The end of what it printed; empty where the service manager cannot tell. */
  readonly lastOutput: string;
}

/** How this host starts and stops k0s. */
export interface ServiceManager {
  state(): Promise<ServiceState>;
  /**
   * Stops the process and starts it at once, whatever delay the service manager puts before restarts.
   * @returns milliseconds from the old process's end to the new one's start, where it can be told
   */
  restart(): Promise<{ readonly gapMs: number | undefined }>;
}
