import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(import.meta.dirname, '../../../docs');

/**
 * The commands of a page, which tests run as they stand there: blocks that begin with ```sh and a word that says
 * where, or when, they are to be run.
 * @param page below `docs`
 * @returns one script for each block of that word, in the order of the page
 * @throws where the page has none: a test that runs nothing would prove nothing
 */
export function commandsOf(page: string, word: string): readonly string[] {
  const text = readFileSync(join(DOCS, page), 'utf8');
  const blocks = [...text.matchAll(/^```sh (\S+)\n([\s\S]*?)^```$/gm)];
  const found = blocks.filter(([, one]) => one === word).map(([, , script = '']) => script);
  if (found.length > 0) return found;
  const words = [...new Set(blocks.map(([, one]) => one))].join(', ');
  throw new Error(`wanted commands for ${word} in ${page}, found ${words || 'none'}`);
}

/** The manifests of a page that are applied as they stand there: blocks of ```yaml and a word. @throws as above */
export function manifestsOf(page: string, word: string): readonly string[] {
  const text = readFileSync(join(DOCS, page), 'utf8');
  const blocks = [...text.matchAll(/^```yaml (\S+)\n([\s\S]*?)^```$/gm)];
  const found = blocks.filter(([, one]) => one === word).map(([, , manifest = '']) => manifest);
  if (found.length > 0) return found;
  throw new Error(`wanted a manifest ${word} in ${page}, found none`);
}
