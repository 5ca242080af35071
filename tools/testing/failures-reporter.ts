import type { TestEvent } from 'node:test/reporters';

/** One line of JSON for each test that fails: file and name. */
export default async function* failures(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of source) {
    if (type !== 'test:fail' || data.nesting !== 0) continue;
    yield `${JSON.stringify({ file: data.file ?? '', name: data.name })}\n`;
  }
}
