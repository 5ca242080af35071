import { cp, link, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where {@link LAUNCHER} looks for it. */
const LIBRARY = '/usr/local/lib/autopilot';
/** In place of the single file, which takes longer to make than the bundle: the same program, and the same Node. */
const LAUNCHER = `#!/bin/sh
exec ${LIBRARY}/node ${LIBRARY}/autopilot.mjs "$@"
`;

/**
 * Makes a folder that hosts see laid over their base, with our program as it is installed: one copy for all
 * of them, Node among it.
 * @param program path of the built `autopilot.mjs`
 */
export async function makeProgramLayer(folder: string, program: string): Promise<string> {
  const library = join(folder, LIBRARY);
  const bin = join(folder, '/usr/local/bin');
  await mkdir(library, { recursive: true });
  await mkdir(bin, { recursive: true });
  // A copy: these hosts' program stays what it is when the next build replaces it.
  await cp(dirname(program), library, { recursive: true });
  const node = await realpath(process.execPath);
  // Another file system than Node's: 120 MB have to be copied once.
  await link(node, join(library, 'node')).catch(() => cp(node, join(library, 'node')));
  await writeFile(join(bin, 'autopilot'), LAUNCHER, { mode: 0o755 });
  return folder;
}
