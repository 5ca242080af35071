import type { TestContext } from 'node:test';
import { type Chapter, type Row, titleOf } from '../../conformance/catalogue/row.ts';

type Body = (t: TestContext) => unknown;

/**
 * The tests of a chapter, one for each of its rows and in their order: `for (... of titled(...)) test(title, body)`.
 * They are given to `test` by the file that proves them, for node:test calls a test by where that was done.
 */
export function titled<Key extends string>(
  chapter: Chapter<Key>,
  bodies: Readonly<Record<Key, Body>>,
): readonly (readonly [title: string, body: (t: TestContext) => Promise<void>])[] {
  return Object.entries<Row>(chapter.rows).map(([key, row]) => [
    titleOf(chapter, row),
    async (t) => {
      await bodies[key as Key](t);
    },
  ]);
}
