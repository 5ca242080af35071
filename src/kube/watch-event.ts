import type { ApiStatus } from './api-error.ts';
import { linesOf } from './lines.ts';
import type { RawMeta } from './raw.ts';

export interface WatchEvent {
  /** `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`, or `ERROR`, with a Status as its object. */
  readonly type: string;
  readonly object: { readonly metadata?: Partial<RawMeta> } & ApiStatus;
}

/** @throws SyntaxError where a line cannot be read */
export function jsonEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent> {
  return linesOf(chunks, (line) => JSON.parse(line) as WatchEvent);
}
