import { createHash } from 'node:crypto';

/** @param content a string's characters are bytes @returns lower-case hex */
export function sha256Of(content: string | Uint8Array): string {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  return createHash('sha256').update(bytes).digest('hex');
}
