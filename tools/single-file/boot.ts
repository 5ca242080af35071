/**
 * What a single file runs first: it knows the parts of the program, which lie in the file beside Node, and gives
 * each to the one that asks for it. A part that nobody asks for is never read from the disk.
 */
import { getRawAsset } from 'node:sea';
import { compileFunction } from 'node:vm';

interface Part {
  exports: unknown;
}

const parts = new Map<string, Part>();

/** `./NAME` is a part, as the bundler names them; everything else is a module of Node. */
function load(specifier: string): unknown {
  if (!specifier.startsWith('./')) return require(specifier);
  const name = specifier.slice('./'.length).replace(/^parts\//, '');
  const known = parts.get(name);
  if (known) return known.exports;
  const part: Part = { exports: {} };
  parts.set(name, part);
  // The bundler writes ASCII, which Node keeps at one byte a character.
  const code = Buffer.from(getRawAsset(`parts/${name}`)).toString('latin1');
  compileFunction(code, ['exports', 'require', 'module'], { filename: name })(
    part.exports,
    load,
    part,
  );
  return part.exports;
}

load('./autopilot.js');
