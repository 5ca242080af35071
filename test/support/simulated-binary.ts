/** What is wrong with a simulated k0s. */
export type BinaryFault = 'sound' | 'exits' | 'lies' | 'silent' | 'otherFile';

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const MACHINES: Partial<Record<NodeJS.Architecture, number>> = { x64: 62, arm64: 183 };

/** A program of this machine as far as its headers go, and in place of code the text `k0s VERSION FAULT`. */
export function binaryOf(version: string, fault: BinaryFault = 'sound'): string {
  const text = `k0s ${version} ${fault}`;
  const size = HEADER_BYTES + PROGRAM_HEADER_BYTES + text.length;
  const elf = Buffer.alloc(HEADER_BYTES + PROGRAM_HEADER_BYTES);
  elf.write('\x7fELF\x02\x01\x01', 'latin1');
  elf.writeUInt16LE(2, 16); // ET_EXEC
  elf.writeUInt16LE(MACHINES[process.arch] ?? 62, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(HEADER_BYTES), 32); // of the program headers
  elf.writeUInt16LE(HEADER_BYTES, 52);
  elf.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, HEADER_BYTES); // PT_LOAD, of the whole file
  elf.writeBigUInt64LE(BigInt(size), HEADER_BYTES + 32);
  elf.writeBigUInt64LE(BigInt(size), HEADER_BYTES + 40);
  return elf.toString('latin1') + text;
}

/** @returns undefined for what is no simulated k0s */
export function readBinary(content: string): { version: string; fault: string } | undefined {
  const found = /k0s (\S+) (\w+)$/.exec(content);
  const [, version, fault] = found ?? [];
  return version === undefined || fault === undefined ? undefined : { version, fault };
}
