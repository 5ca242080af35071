import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Journal, journalSchema } from '../../../src/node-agent/journal.ts';
import { eventually } from '../eventually.ts';
import { AGENT_STATE, type InstalledHost } from '../hosts/installed-host.ts';
import type { Cut } from './moments.ts';

const LOOK_EVERY_MS = 15;
const RUNS_WITHIN_MS = 60_000;

/** What a cut met, and what was there a moment after the power came back. */
export interface CutMade {
  readonly cut: Cut;
  /** What the agent's journal said when the power went. */
  readonly phase: string;
  /** k0s answered again with this version, so long after the power had come back. */
  readonly version: string;
  readonly backAfterMs: number;
}

/**
 * Takes a host's power away at its moment, or at the end of the Plan if that never comes, and switches it
 * on again. Ends when its k0s answers, whatever version that is.
 */
export async function cutPower(
  host: InstalledHost,
  cut: Cut,
  planEnded: AbortSignal,
): Promise<CutMade> {
  const { moment } = cut;
  if (moment.kind === 'time') {
    await delay(moment.afterMs, undefined, { signal: planEnded }).catch(() => undefined);
  } else {
    const before = (await journalOf(host))?.signal?.order.id;
    const isAt = (journal: Journal | undefined) =>
      journal?.signal?.phase === moment.phase && journal.signal.order.id !== before;
    while (!planEnded.aborted && !isAt(await journalOf(host))) await delay(LOOK_EVERY_MS);
    await delay(moment.delayMs);
  }
  const phase = (await journalOf(host))?.signal?.phase ?? 'rest';
  await host.machine.powerCut();
  await delay(cut.offMs);
  const onAt = performance.now();
  await host.machine.boot();
  const { version } = await eventually(
    `k0s of ${host.name} to answer after its power was cut in phase ${phase}`,
    () => host.k0sStatus(),
    { timeoutMs: RUNS_WITHIN_MS, everyMs: 100 },
  );
  return { cut, phase, version, backAfterMs: Math.round(performance.now() - onAt) };
}

/** @returns undefined where there is none yet; a torn one is an error, for it must never be seen */
export async function journalOf(host: InstalledHost): Promise<Journal | undefined> {
  const path = host.machine.pathOnDisk(`${AGENT_STATE}/journal.json`);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : journalSchema.parse(JSON.parse(text));
}
