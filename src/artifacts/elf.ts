import type { Objection } from './verify.ts';

/** What the head of a file says it is. */
export type Looks =
  | { readonly kind: 'elf'; readonly header: ElfHeader }
  /** `what` completes "found ...". */
  | { readonly kind: 'other'; readonly what: string };

export interface ElfHeader {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  readonly osAbi: number;
  readonly type: number;
  readonly machine: number;
  /** Where the table of segments lies; no entries where a file has none. */
  readonly segments: Table;
  /** Where the table of sections lies, mostly at the very end of the file. */
  readonly sections: Table;
}

interface Table {
  readonly offset: number;
  readonly entryBytes: number;
  readonly entries: number;
}

/** The head is told by so many bytes; a short file is judged by fewer. */
export const HEAD_BYTES = 4096;
/** Segments that lie further back are not looked at one by one. */
export const MOST_HEAD_BYTES = 1024 * 1024;

const ET_EXEC = 2;
const ET_DYN = 3;
/** In `entries`: the true number stands elsewhere. */
const PN_XNUM = 0xffff;

/** Platforms of k0s and their kin; what is not listed here is not judged by its machine. */
const PLATFORMS: Readonly<Record<string, { bits: 32 | 64; little: boolean; machine: number }>> = {
  'linux-386': { bits: 32, little: true, machine: 3 },
  'linux-amd64': { bits: 64, little: true, machine: 62 },
  'linux-arm': { bits: 32, little: true, machine: 40 },
  'linux-arm64': { bits: 64, little: true, machine: 183 },
  'linux-ppc64le': { bits: 64, little: true, machine: 21 },
  'linux-riscv64': { bits: 64, little: true, machine: 243 },
  'linux-s390x': { bits: 64, little: false, machine: 22 },
};

/** Systems whose programs say in their header that they are of them; Linux's say 0 or 3. */
const SYSTEMS: Readonly<Record<number, string>> = {
  2: 'netbsd',
  6: 'solaris',
  9: 'freebsd',
  12: 'openbsd',
};

/** Whether a file is an ELF program at all, told by its first bytes. */
export function looksOf(head: Uint8Array): Looks {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 4 || view.getUint32(0) !== 0x7f454c46) {
    return { kind: 'other', what: guess(head) };
  }
  const bits = head[4] === 2 ? 64 : 32;
  const littleEndian = head[5] !== 2;
  const shortest = bits === 64 ? 64 : 52;
  if (head.length < shortest) {
    return { kind: 'other', what: `an ELF header that is cut off after ${head.length} bytes` };
  }
  if ((head[4] !== 1 && head[4] !== 2) || (head[5] !== 1 && head[5] !== 2)) {
    return { kind: 'other', what: `an ELF header of unknown class ${head[4]} and data ${head[5]}` };
  }
  const half = (at: number) => view.getUint16(at, littleEndian);
  const address = (at: number) =>
    bits === 64 ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian);
  // the class decides how wide the three addresses before the rest are
  const wide = bits === 64 ? 8 : 4;
  const rest = 24 + 3 * wide + 6;
  return {
    kind: 'elf',
    header: {
      bits,
      littleEndian,
      osAbi: head[7] ?? 0,
      type: half(16),
      machine: half(18),
      segments: { offset: address(24 + wide), entryBytes: half(rest), entries: half(rest + 2) },
      sections: {
        offset: address(24 + 2 * wide),
        entryBytes: half(rest + 4),
        entries: half(rest + 6),
      },
    },
  };
}

/** How much of the file's start {@link judgeElf} wants to see. */
export function headBytesOf(header: ElfHeader): number {
  return Math.min(MOST_HEAD_BYTES, Math.max(HEAD_BYTES, endOf(header.segments)));
}

/**
 * Judges a program without running it: built for this machine, and as long as its own tables say. What
 * was appended behind them, as k0s does, may be cut off all the same: that is for the digest to tell.
 * @param head the first {@link headBytesOf} bytes, or all there are
 * @param platform of this machine, as k0s names it: `linux-amd64`
 */
export function judgeElf(
  header: ElfHeader,
  head: Uint8Array,
  sizeBytes: number,
  platform: string,
): Objection | undefined {
  const found = platformOf(header);
  const known = Object.hasOwn(PLATFORMS, platform) ? PLATFORMS[platform] : undefined;
  if (known !== undefined && found !== platform) {
    return { reason: 'WrongArchitecture', message: `wanted ${platform}, found ELF for ${found}` };
  }
  if (header.type !== ET_EXEC && header.type !== ET_DYN) {
    const what = { 1: 'an object file', 4: 'a core dump' }[header.type] ?? `type ${header.type}`;
    return notExecutable(`found an ELF file that is ${what}`);
  }
  if (header.segments.entries === 0) {
    return notExecutable('found an ELF file without anything to load');
  }
  const wantedBytes = shortestOf(header, head);
  if (sizeBytes < wantedBytes) {
    return {
      reason: 'NotExecutable',
      message: `cut off: wanted at least ${wantedBytes} bytes, found ${sizeBytes}`,
    };
  }
  return undefined;
}

/** The objection to a file that is no ELF program. @param found completes the sentence */
export function notExecutable(found: string): Objection {
  return { reason: 'NotExecutable', message: `wanted an ELF program, ${found}` };
}

/** As long as the file must be at least. */
function shortestOf(header: ElfHeader, head: Uint8Array): number {
  let shortest = Math.max(endOf(header.segments), endOf(header.sections));
  const { offset, entryBytes, entries } = header.segments;
  const [offsetAt, sizeAt, least] = header.bits === 64 ? [8, 32, 56] : [4, 16, 32];
  if (entryBytes < least || entries === PN_XNUM) return shortest;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const address = (at: number) =>
    header.bits === 64
      ? Number(view.getBigUint64(at, header.littleEndian))
      : view.getUint32(at, header.littleEndian);
  for (let entry = 0; entry < entries; entry++) {
    const start = offset + entry * entryBytes;
    if (start + entryBytes > head.length) break;
    shortest = Math.max(shortest, address(start + offsetAt) + address(start + sizeAt));
  }
  return shortest;
}

function endOf({ offset, entryBytes, entries }: Table): number {
  return offset === 0 ? 0 : offset + entryBytes * (entries === PN_XNUM ? 1 : entries);
}

function platformOf({ bits, littleEndian, machine, osAbi }: ElfHeader): string {
  const system = SYSTEMS[osAbi] ?? 'linux';
  for (const [platform, known] of Object.entries(PLATFORMS)) {
    if (known.machine !== machine || known.bits !== bits || known.little !== littleEndian) continue;
    return platform.replace('linux', system);
  }
  return `${system}, machine ${machine}, ${bits} bits, ${littleEndian ? 'little' : 'big'} endian`;
}

const MAGIC: readonly (readonly [string, string])[] = [
  ['\x1f\x8b', 'a gzip archive'],
  ['PK\x03\x04', 'a zip archive'],
  ['\xfd7zXZ\0', 'an xz archive'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive'],
  ['BZh', 'a bzip2 archive'],
  ['MZ', 'a program for Windows'],
  ['\xcf\xfa\xed\xfe', 'a program for macOS'],
  ['\xca\xfe\xba\xbe', 'a program for macOS'],
  ['-----BEGIN ', 'a PEM file'],
];
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^.{257}ustar/s, 'a tar archive'],
  [/^(\xef\xbb\xbf)?\s*<(!doctype html|html)/i, 'an HTML page'],
  [/^(\xef\xbb\xbf)?\s*<\?xml/i, 'an XML document'],
  [/^\s*[[{]\s*["{[\]}]/, 'a JSON document'],
];

/** What a file that is no ELF looks like: mostly enough to see which mistake was made. */
function guess(head: Uint8Array): string {
  if (head.length === 0) return 'an empty file';
  const text = Buffer.from(
    head.buffer,
    head.byteOffset,
    Math.min(head.length, HEAD_BYTES),
  ).toString('latin1');
  if (text.startsWith('#!')) {
    return `a script (${JSON.stringify(text.split('\n')[0]?.slice(0, 60))})`;
  }
  if (head.every((byte) => byte === 0)) return 'nothing but zeros';
  const known =
    MAGIC.find(([magic]) => text.startsWith(magic)) ??
    TEXTS.find(([pattern]) => pattern.test(text));
  if (known !== undefined) return known[1];
  if (/^[\t\n\r\x20-\x7e]+$/.test(text)) return `text (${JSON.stringify(text.slice(0, 40))})`;
  return `a file that begins with ${Buffer.from(head.subarray(0, 4)).toString('hex')}`;
}
