import { isProtobuf } from './protobuf/envelope.ts';
import { continueOfHead } from './protobuf/list.ts';
import type { RawList } from './raw.ts';

/** @returns where the next page begins, as the first bytes of a page say it; undefined where they do not */
export function continueOf(head: Buffer): string | undefined {
  if (isProtobuf(head)) return continueOfHead(head);
  const [, metadata] =
    /^\{"kind":"\w+List","apiVersion":"[^"]+","metadata":(\{[^{}]*\})/.exec(
      head.toString('utf8'),
    ) ?? [];
  if (metadata === undefined) return undefined;
  return (JSON.parse(metadata) as RawList['metadata']).continue || undefined;
}
