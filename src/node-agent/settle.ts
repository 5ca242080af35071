import type { Host } from './host.ts';
import { readJournal, writeJournal } from './journal-file.ts';
import type { Layout } from './layout.ts';
import { decideSettle, type SettleFacts } from './settle-decide.ts';

/** One sentence for people. */
export type SettleLog = (level: 'info' | 'warn' | 'error', message: string) => void;

/**
 * Settles what is open before k0s starts. Safe to cut at any call, and to do again; needs no network, and
 * asks neither k0s nor its service manager anything.
 * @throws whatever a host call throws; k0s is then started with what is in place
 */
export async function settle(
  { files, clock }: Pick<Host, 'files' | 'clock'>,
  layout: Layout,
  log: SettleLog = () => undefined,
): Promise<void> {
  const read = await readJournal(files, layout);
  if (read.kind === 'lost') log('error', read.message);
  const now = { bootId: clock.bootId(), uptimeMs: clock.uptimeMs() };
  let facts: SettleFacts = { journal: read.journal, now, paths: layout };
  for (;;) {
    const step = decideSettle(facts);
    switch (step.do) {
      case 'measure': {
        const path = step.which === 'live' ? layout.binary : layout.undo;
        facts = { ...facts, [step.which]: (await files.sha256(path)) ?? null };
        break;
      }
      case 'write':
        await writeJournal(files, layout, step.journal);
        log('warn', step.why);
        facts = { ...facts, journal: step.journal };
        break;
      case 'putBack':
        await files.rename(layout.undo, layout.binary);
        await files.syncFolder(layout.binaryFolder);
        log('warn', `${facts.journal.signal?.previous?.version} was put back before k0s starts`);
        facts = { ...facts, live: facts.kept ?? null, kept: null };
        break;
      case 'done':
        log(step.bad ? 'error' : 'info', step.message);
        return;
    }
  }
}
