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

/** What a copy can be made like. */
export interface FileLook {
  /** Of the file whose extended attributes it gets as well. */
  readonly path?: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface FileInfo extends FileLook {
  /** Of its filesystem: files of one can be renamed and linked to one another. */
  readonly device: number;
  readonly sizeBytes: number;
  /** Of its last change, by the clock on the wall: good for an age, never for a deadline. */
  readonly modifiedMs: number;
}

/** A file that is being written. Every one that was opened must be closed. */
export interface FileSink {
  /** The chunk is the sink's from now on. A failure to store it may be told by a later call. */
  write(chunk: Uint8Array): Promise<void>;
  /** Everything written so far survives a power cut once this returns. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FreeSpace {
  readonly bytes: number;
  /** How many files can still be made; undefined where the filesystem has no such number. */
  readonly files: number | undefined;
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
  /**
   * Opens for writing from `atByte` on; what was there beyond it is cut off. Made where it is absent,
   * readable by its owner alone.
   */
  openAt(path: string, atByte: number): Promise<FileSink>;
  /** The bytes from the start up to `endByte`, or as many as there are. A chunk holds until the next one. */
  read(path: string, endByte: number): AsyncIterable<Uint8Array>;
  /**
   * With the mode, owner and extended attributes of `like`; does not sync. May share the bytes of `from`:
   * neither is written to afterwards.
   */
  copy(from: string, to: string, like: FileLook): Promise<void>;
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
  /**
   * The same, but an answer of before may be given while the file is the same and its size and times are
   * unchanged: for what was read whole a moment ago, and for reports.
   */
  knownSha256(path: string): Promise<string | undefined>;
  /** The same, but any change to the file since then, of its names or its times too, has it read again. */
  untouchedSha256(path: string): Promise<string | undefined>;
  free(folder: string): Promise<FreeSpace>;
  isWritable(folder: string): Promise<boolean>;
}

export interface HostClock {
  /** By the clock on the wall, which may be wrong and is stepped: for ages and names, never for deadlines. */
  wallMs(): number;
  /** Another one after every boot of the machine. */
  bootId(): string;
  /** Since that boot, never stepped; sleeping machines count. */
  uptimeMs(): number;
  /** Returns early, without an error, when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** What is asked for: a whole file, or what is left of one. */
export interface FetchRequest {
  readonly url: string;
  /** Ends the whole download, the body included. */
  readonly signal: AbortSignal;
  /** So does this, as a failure that may be tried again. */
  readonly withinMs: number;
  /** Absent: the whole file. */
  readonly resume?: {
    readonly fromByte: number;
    /**
     * Strong validator of the file that the bytes we have are of; sent as If-Range. Absent only where the
     * digest of the whole is known, which betrays a mixture of two files.
     */
    readonly validator?: string | undefined;
  };
}

/** An answer whose head has come and whose body is read by the caller, at the caller's pace. */
export interface RemoteFile {
  /** Where the body begins: `resume.fromByte`, or 0 where the server sends the whole file. */
  readonly fromByte: number;
  /** Of the whole file; undefined where the server does not say. */
  readonly totalBytes: number | undefined;
  /** A strong ETag, by which the rest of this very file can be asked for later. */
  readonly validator: string | undefined;
  /** As the server calls the file (Content-Disposition, else the last part of the final address); not safe. */
  readonly fileName: string | undefined;
  /** @throws DownloadError when it breaks off or stalls */
  readonly body: AsyncIterable<Uint8Array>;
  close(): void;
}

export interface Network {
  /**
   * Asks for a file within the host's own rules: allowed addresses, redirects, credentials, CA, proxies.
   * @throws DownloadError; the reason of `signal` when aborted
   */
  open(request: FetchRequest): Promise<RemoteFile>;
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
      /** Whether it runs pods; undefined where it does not say. */
      readonly workloads?: boolean | undefined;
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
  /**
   * `k0s backup` with the live binary, into `folder`, which must be there.
   * @returns path of the archive
   * @throws with what k0s printed, when it fails or takes longer than `withinMs`
   */
  backup(folder: string, withinMs: number): Promise<string>;
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
