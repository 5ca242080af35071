import { messageOf } from '../errors.ts';
import type { Files } from './host.ts';
import { EMPTY_JOURNAL, type Journal, journalSchema } from './journal.ts';
import type { Layout } from './layout.ts';

export type ReadJournal =
  | { readonly kind: 'read'; readonly journal: Journal }
  /** Nobody can tell what was under way: it was moved aside, and the fact is in the new journal. */
  | { readonly kind: 'lost'; readonly journal: Journal; readonly message: string };

/**
 * What this agent has begun and achieved, read at its start. Absent is a host that never had an order. Made
 * durable before anything is done upon it: an agent that was killed while it wrote may have left a journal that
 * a power cut takes back, and with it the knowledge of what was done since.
 */
export async function readJournal(files: Files, layout: Layout): Promise<ReadJournal> {
  const text = await files.readText(layout.journal);
  if (text === undefined) return { kind: 'read', journal: EMPTY_JOURNAL };
  let journal: Journal;
  try {
    journal = journalSchema.parse(JSON.parse(text));
  } catch (thrown) {
    const names = await files.list(layout.stateFolder);
    let n = 1;
    while (names.includes(`journal.json.corrupt-${n}`)) n++;
    const aside = `${layout.journal}.corrupt-${n}`;
    journal = { ...EMPTY_JOURNAL, lost: aside };
    // a second name first: a crash before the new journal is in place finds the unreadable one again
    await files.link(layout.journal, aside).catch(() => files.rename(layout.journal, aside));
    await writeJournal(files, layout, journal);
    const message = `the journal ${layout.journal} cannot be read and was moved to ${aside}: ${messageOf(thrown)}`;
    return { kind: 'lost', journal, message };
  }
  await files.syncFolder(layout.stateFolder);
  return { kind: 'read', journal };
}

/**
 * Makes a journal durable: when this returns, a power cut finds the new one; when it throws, or is cut
 * short, the old one or the new one, whole.
 */
export async function writeJournal(files: Files, layout: Layout, journal: Journal): Promise<void> {
  const beside = `${layout.journal}.new`;
  await files.writeText(beside, `${JSON.stringify(journalSchema.parse(journal))}\n`);
  await files.sync(beside);
  await files.rename(beside, layout.journal);
  await files.syncFolder(layout.stateFolder);
}
