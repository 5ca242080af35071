import { PbfReader } from 'pbf';
import type { RawList, RawObject } from '../raw.ts';
import { MAGIC } from './envelope.ts';
import { type Kind, many, message, nested, one, text } from './message.ts';

/** Numbers of k8s meta/v1 ListMeta. */
const LIST_META = message<RawList['metadata']>({
  2: one('resourceVersion', text),
  3: one('continue', text),
});

export function listOf<T extends RawObject>({ name, message: item }: Kind<T>): Kind<RawList<T>> {
  return {
    name: `${name}List`,
    message: message({ 1: one('metadata', nested(LIST_META)), 2: many('items', nested(item)) }),
  };
}

/** @returns where the next page begins, as the first bytes of a list say it; undefined where they do not */
export function continueOfHead(head: Buffer): string | undefined {
  const from = new PbfReader(head.subarray(MAGIC.length));
  try {
    // Behind what it is, the list itself, whose own length is beyond what has come.
    while (from.nextField() === 1) from.skip(from.type);
    from.readVarint();
    if (from.nextField() !== 1) return undefined;
    const length = from.readVarint();
    const end = from.pos + length;
    return end > from.length ? undefined : LIST_META(from, end).continue;
  } catch {
    return undefined;
  }
}
