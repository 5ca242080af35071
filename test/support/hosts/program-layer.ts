import { cp, link, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PROGRAM } from '../../../src/install/units-systemd.ts';

/**
 * Makes a folder that hosts see laid over their base, with our program where an administrator puts it: one copy for
 * all of them, whose pages they share.
 * @param program path of the single file
 */
export async function makeProgramLayer(folder: string, program: string): Promise<string> {
  const installed = join(folder, PROGRAM);
  await mkdir(dirname(installed), { recursive: true });
  // A name of its own: these hosts' program stays what it is when the next build puts another one in its place.
  // On another file system it has to be copied.
  await link(program, installed).catch(() => cp(program, installed));
  return folder;
}
