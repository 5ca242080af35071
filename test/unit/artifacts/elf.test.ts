import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { headBytesOf, judgeElf, looksOf } from '../../../src/artifacts/elf.ts';

/** The running Node is an ELF program of this machine. */
const SELF = readFileSync(process.execPath);
const PLATFORM = `linux-${process.arch === 'x64' ? 'amd64' : process.arch}`;

function judge(bytes: Uint8Array, sizeBytes = bytes.length, platform = PLATFORM) {
  const looks = looksOf(bytes.subarray(0, 4096));
  if (looks.kind === 'other') return looks.what;
  const head = bytes.subarray(0, headBytesOf(looks.header));
  return judgeElf(looks.header, head, sizeBytes, platform)?.message;
}

function changed(at: number, ...bytes: number[]): Buffer {
  const copy = Buffer.from(SELF.subarray(0, 8192));
  copy.set(bytes, at);
  return copy;
}

describe('a program', () => {
  const size = statSync(process.execPath).size;
  it('of this machine is well', () => assert.equal(judge(SELF), undefined));
  it('may have something appended', () => assert.equal(judge(SELF, size + 1000), undefined));
  it('is not judged by its machine where the platform is unknown', () =>
    assert.equal(judge(changed(18, 99, 0), size, 'linux-mips64'), undefined));
  for (const cut of [1, 1000, size - 8192]) {
    it(`is refused without its last ${cut} bytes`, () => {
      assert.match(
        judge(SELF, size - cut) ?? '',
        /^cut off: wanted at least \d+ bytes, found \d+$/,
      );
    });
  }
  for (const [sentence, bytes, message] of [
    ['for arm64', changed(18, 183, 0), 'wanted linux-amd64, found ELF for linux-arm64'],
    ['for riscv64', changed(18, 243, 0), 'wanted linux-amd64, found ELF for linux-riscv64'],
    ['for FreeBSD', changed(7, 9), 'wanted linux-amd64, found ELF for freebsd-amd64'],
    [
      'for an unknown machine',
      changed(18, 99, 1),
      'wanted linux-amd64, found ELF for linux, machine 355, 64 bits, little endian',
    ],
    [
      'that is an object file',
      changed(16, 1, 0),
      'wanted an ELF program, found an ELF file that is an object file',
    ],
    [
      'without segments',
      changed(56, 0, 0),
      'wanted an ELF program, found an ELF file without anything to load',
    ],
  ] as const) {
    it(`${sentence} is refused`, { skip: PLATFORM !== 'linux-amd64' }, () =>
      assert.equal(judge(bytes, size), message),
    );
  }
});

describe('what is no program is called what it looks like', () => {
  for (const [bytes, what] of [
    ['', 'an empty file'],
    ['#!/bin/sh\nexit 0\n', 'a script ("#!/bin/sh")'],
    ['\n<!DOCTYPE html><p>404', 'an HTML page'],
    ['{"message": "no"}', 'a JSON document'],
    ['404: Not Found', 'text ("404: Not Found")'],
    ['\0'.repeat(5000), 'nothing but zeros'],
    ['\x7fELF\x02\x01\x01', 'an ELF header that is cut off after 7 bytes'],
    ['MZ\x90', 'a program for Windows'],
    ['\x01\x02\x03\x04', 'a file that begins with 01020304'],
  ] as const) {
    it(what, () => assert.equal(judge(Buffer.from(bytes, 'latin1')), what));
  }
  it('a gzip archive', () => assert.equal(judge(gzipSync('k0s')), 'a gzip archive'));
});

it('any bytes are judged without a crash', () => {
  const head = fc.uint8Array({ minLength: 0, maxLength: 300 });
  fc.assert(
    fc.property(head, fc.boolean(), fc.nat(), (bytes, isElf, size) => {
      if (isElf) bytes.set([0x7f, 0x45, 0x4c, 0x46].slice(0, bytes.length));
      judge(bytes, size);
    }),
    process.env.TEST_SEED === undefined ? {} : { seed: Number(process.env.TEST_SEED) },
  );
});
