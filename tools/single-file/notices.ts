/** The licences of what is in a single file beside our own code, as they ask to be handed on. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const LICENCE = /^(un)?licen[cs]e(\.(md|txt))?$|^copying(\.(md|txt))?$/i;
const NOTICE = /^notice(\.(md|txt))?$/i;
const RULE = `${'='.repeat(78)}\n`;

/** @returns folders of the packages of which something is in the bundle, sorted: `node_modules/zod` */
export function bundledPackages({ outputs }: Metafile): readonly string[] {
  const found = new Set<string>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const [, folder] = PACKAGE.exec(file) ?? [];
      if (folder !== undefined && bytesInOutput > 0) found.add(folder);
    }
  }
  return [...found].sort();
}

/**
 * @param root of the clone
 * @param packages as {@link bundledPackages} has them; Node itself is added
 * @throws where one has no licence that could be handed on: it must not be shipped
 */
export async function noticesOf(root: string, packages: readonly string[]): Promise<string> {
  const sections: string[] = [];
  for (const folder of [...packages, await nodePackage(root)]) {
    const text = await readFile(join(root, folder, 'package.json'), 'utf8');
    const { name, version, license } = JSON.parse(text) as Record<string, string>;
    const files = (await readdir(join(root, folder))).sort();
    const licence = files.find((file) => LICENCE.test(file));
    if (licence === undefined) {
      throw new Error(
        `${folder}: wanted a file with its licence (${license}), found ${files.join(', ')}`,
      );
    }
    const told = [licence, ...files.filter((file) => NOTICE.test(file))].map((file) =>
      readFile(join(root, folder, file), 'utf8'),
    );
    // One line end, whatever the package was packed on.
    const said = (await Promise.all(told)).map((one) => one.replaceAll('\r\n', '\n').trim());
    sections.push(
      `${RULE}${name} ${version} (${license ?? 'see below'})\n${RULE}\n${said.join('\n\n')}\n`,
    );
  }
  return `Autopilot is under the Apache License 2.0. It contains the following, each under its own terms.\n\n${sections.join('\n')}`;
}

/** The one that was installed with the version in package.json; its licence is the same for each platform. */
async function nodePackage(root: string): Promise<string> {
  const folder = 'node_modules/node/node_modules';
  const name = (await readdir(join(root, folder))).find((one) => /^node-(linux|darwin)-/.test(one));
  if (name === undefined) throw new Error(`wanted the package of Node in ${folder}, found none`);
  return `${folder}/${name}`;
}
