/**
 * A program: downloads once on this machine, as an agent does and as lean, and tells what memory it took.
 * `download-child.ts URL STATE_FOLDER RULES` prints one line of JSON.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { DEFAULT_AGENT_POLICY, type DownloadRules } from '../../src/node-agent/agent-policy.ts';
import { linuxHost } from '../../src/node-agent/host-linux.ts';
import { beginSignal, EMPTY_JOURNAL } from '../../src/node-agent/journal.ts';
import { layoutOf } from '../../src/node-agent/layout.ts';
import { type Downloaded, download } from '../../src/node-agent/steps/download.ts';
import { fetchText } from '../../src/node-agent/steps/fetch-text.ts';
import type { Order } from '../../src/signals/order.ts';
import { noService } from './no-service.ts';

export interface ChildReport {
  readonly downloaded: Downloaded;
  readonly tookMs: number;
  /** Resident, before and at most. */
  readonly idleMB: number;
  readonly peakMB: number;
}

const [url = '', stateFolder = '', given = '{}'] = process.argv.slice(2);
const rules: DownloadRules = { ...DEFAULT_AGENT_POLICY.download, ...JSON.parse(given) };
const layout = layoutOf({ binary: `${stateFolder}/bin/k0s`, stateFolder });
const host = linuxHost({
  binary: layout.binary,
  dataFolder: layout.dataFolder,
  statusSocket: '',
  service: noService,
  downloadRules: () => rules,
});
const { signal } = new AbortController();
// an agent has talked to its API long before: what HTTP takes is there already
await fetchText(host.network, `${new URL(url).origin}/1`, { maxBytes: 100, signal });
const idleMB = megabytes('VmRSS');
writeFileSync('/proc/self/clear_refs', '5'); // the peak is counted from here

const order: Order = {
  v: 1,
  id: 'run.0.1',
  attempt: 1,
  goal: 'stage',
  plan: { name: 'autopilot', uid: 'uid' },
  run: 'run',
  command: 0,
  epoch: 1,
  artifact: { kind: 'k0s', version: 'v1', url, force: false },
  durations: { stageMs: 600_000, confirmMs: 60_000 },
  undo: 'binary',
};
const now = { bootId: host.clock.bootId(), uptimeMs: host.clock.uptimeMs() };
const open = beginSignal(EMPTY_JOURNAL, order, now).signal;
if (open === undefined) throw new Error('there is an order');
const began = process.hrtime.bigint();
const downloaded = await download(host, layout, open, rules, {
  abort: signal,
  random: Math.random,
  blake2b: false,
  onProgress: () => undefined,
  onTrouble: (message) => console.error(message),
});
const tookMs = Number(process.hrtime.bigint() - began) / 1e6;
const report: ChildReport = { downloaded, tookMs, idleMB, peakMB: megabytes('VmHWM') };
console.log(JSON.stringify(report));

function megabytes(field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
}
