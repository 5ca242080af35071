/** Writes docs/usage/rights.md: what a real API server answers to every identity. Takes a minute. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApiServer } from '../test/support/api-server.ts';
import { rightsPage } from '../test/support/rights/page.ts';

const file = join(import.meta.dirname, '../docs/usage/rights.md');
const api = await startApiServer();
try {
  await writeFile(file, await rightsPage(api));
  console.log(`${file} written`);
} finally {
  await api.stop();
}
