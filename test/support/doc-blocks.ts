import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The blocks of one language in a page of docs, in order, each as its text. */
export function blocksOf(page: string, language: string): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8');
  const blocks = text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...blocks].flatMap(([, name, block]) => (name === language ? [block ?? ''] : []));
}
