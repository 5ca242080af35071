import { createHash } from 'node:crypto';

const LONGEST = 150;

/**
 * A file's name as a server or a URL tells it, made harmless: no folders, nothing hidden, nothing that a
 * shell or a terminal takes for more than a letter.
 * @param fallback used where nothing is left of the name
 */
export function safeFileName(told: string | undefined, fallback: string): string {
  return harmless(told ?? '') ?? harmless(fallback) ?? 'artifact';
}

function harmless(name: string): string | undefined {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const kept = last.replaceAll(/[^A-Za-z0-9._+-]/g, '_').replace(/^[._-]+/, '');
  if (kept === '') return undefined;
  if (kept.length <= LONGEST) return kept;
  // two long names that differ at the end only must not become one
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${digest}-${kept.slice(-(LONGEST - digest.length - 1))}`;
}
