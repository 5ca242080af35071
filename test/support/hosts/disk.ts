import { mkdir, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Namespaces } from './namespaces.ts';

export interface DiskOptions {
  /** In whose mount namespace it is mounted: nobody else sees it there, and it goes when that does. */
  readonly namespaces: Namespaces;
  readonly folder: string;
  readonly sizeBytes: number;
  /** Folders that lie below what is written, the topmost first; never written to. */
  readonly layers: readonly string[];
}

/** `_IOR('X', 125, __u32)` and its flag for "do not write the journal first". @see linux, fs/ext4/ext4.h */
const SHUTDOWN = `open(my $disk, "<", $ARGV[0]) or die "$ARGV[0]: $!\\n";
my $flag = pack("L", 2);
ioctl($disk, 0x8004587d, $flag) or die "shutdown of $ARGV[0]: $!\\n";`;

/**
 * The disk of one host: an ext4 file system in a file, which holds all that the host has written, laid over
 * folders that all hosts share.
 */
export class Disk {
  readonly #options: DiskOptions;
  readonly #image: string;
  readonly #own: string;
  /** The whole, as the namespaces see it. */
  readonly root: string;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#image = join(options.folder, 'disk.img');
    this.#own = join(options.folder, 'own');
    this.root = join(options.folder, 'root');
  }

  async make(): Promise<void> {
    for (const folder of [this.#own, this.root]) await mkdir(folder, { recursive: true });
    await writeFile(this.#image, '');
    await truncate(this.#image, this.#options.sizeBytes);
    await this.#run(
      'mkfs.ext4',
      '-q',
      '-F',
      '-m',
      '0',
      '-J',
      'size=32',
      '-E',
      'nodiscard',
      this.#image,
    );
    await this.mount();
  }

  async mount(): Promise<void> {
    await this.#run('mount', '-o', 'loop', this.#image, this.#own);
    const upper = join(this.#own, 'upper');
    const work = join(this.#own, 'work');
    await this.#run('mkdir', '-p', upper, work);
    const lower = this.#options.layers.map(escaped).join(':');
    const options = `lowerdir=${lower},upperdir=${escaped(upper)},workdir=${escaped(work)}`;
    await this.#run('mount', '-t', 'overlay', 'overlay', '-o', options, this.root);
  }

  /** As a host does before it is switched off. */
  async sync(): Promise<void> {
    await this.#run('sync', '--file-system', this.#own);
  }

  async unmount(): Promise<void> {
    // As they are written: a disk that was cut cannot be asked whether a path is a link.
    await this.#run('umount', '--no-canonicalize', this.root);
    await this.#run('umount', '--no-canonicalize', this.#own);
  }

  /**
   * Loses, as in a power cut, what was not yet on the disk. Until it has been unmounted and mounted again,
   * nothing can be read or written.
   */
  async cut(): Promise<void> {
    await this.#run('perl', '-e', SHUTDOWN, this.#own);
  }

  /**
   * A path that this process can use, whether the host is up or not. Absolute links on the way lead out of
   * the disk.
   */
  path(inside: string): string {
    return join(`/proc/${this.#options.namespaces.pid}/root`, this.root, inside);
  }

  /** Bytes that can still be written. */
  async free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path('/'));
    return bavail * bsize;
  }

  async #run(...argv: readonly string[]): Promise<void> {
    await this.#options.namespaces.run(argv);
  }
}

/** overlayfs separates folders with colons and options with commas. */
function escaped(folder: string): string {
  return folder.replaceAll(/[\\:,]/g, '\\$&');
}
