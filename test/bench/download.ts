import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startBytesServer } from '../support/bytes-server-run.ts';
import type { ChildReport } from '../support/download-child.ts';
import { bundleDownloader, downloadApart } from '../support/download-run.ts';
import { figure } from './figures.ts';
import type { Part } from './part.ts';

const BYTES = 250_000_000;
/** Even: ours comes first in one half of them, curl in the other. */
const ROUNDS = 6;
/** 20 Mbit/s, and enough that the start does not show. */
const SLOW_BYTES_PER_SECOND = 2_500_000;
const SLOW_BYTES = 50_000_000;
const SLOW_ROUNDS = 3;

/** What a download costs, measured on this machine alone. */
export const downloadFigures: Part = async ({ progress, signal }) => {
  const server = await startBytesServer();
  const program = await bundleDownloader();
  const folder = await mkdtemp(join(tmpdir(), 'autopilot-bench-'));
  let runs = 0;
  const fetch = async (path: string) => {
    signal.throwIfAborted();
    const state = join(folder, `${runs++}`);
    const report = await downloadApart(program, server.origin + path, state);
    await rm(state, { recursive: true });
    return report;
  };
  const curl = () => curlMs(`${server.origin}/${BYTES}`);
  try {
    const ratios: number[] = [];
    const reports: ChildReport[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      progress(`download ${round} of ${ROUNDS}, ours and curl's`);
      // what the first of a pair leaves behind in caches must not always help the same one
      const isFirst = round % 2 === 1;
      const beforeMs = isFirst ? undefined : await curl();
      const report = await fetch(`/${BYTES}`);
      reports.push(report);
      ratios.push((beforeMs ?? (await curl())) / report.tookMs);
    }
    const ofLink: number[] = [];
    for (let round = 1; round <= SLOW_ROUNDS; round++) {
      progress(`download ${round} of ${SLOW_ROUNDS} over 20 Mbit/s`);
      const { tookMs } = await fetch(`/${SLOW_BYTES}?rate=${SLOW_BYTES_PER_SECOND}`);
      ofLink.push(((SLOW_BYTES / SLOW_BYTES_PER_SECOND) * 1000 * 100) / tookMs);
    }
    return [
      figure(
        {
          name: 'download and verification, of what curl does',
          unit: 'x',
          bound: { atLeast: 0.9 },
          method: `bytes per second of ours, of those of \`curl | sha256sum\`, in pairs one right after the other, either first in turn; ${BYTES / 1e6} MB over loopback; ours from the order to a file that is hashed and synced, curl's is not stored`,
        },
        ratios,
      ),
      figure(
        {
          name: 'memory above rest, in the download alone',
          unit: 'MB',
          bound: { atMost: 24 },
          method: `VmHWM over VmRSS of before, of ${BYTES / 1e6} MB, bundled and lean, HTTP used once before`,
        },
        reports.map(({ idleMB, peakMB }) => peakMB - idleMB),
      ),
      figure(
        {
          name: 'download at 20 Mbit/s, of the link',
          unit: '%',
          bound: { atLeast: 97 },
          method: `${SLOW_BYTES / 1e6} MB from a server that sends by the clock`,
        },
        ofLink,
      ),
    ];
  } finally {
    server.close();
    await rm(program);
    await rm(folder, { recursive: true });
  }
};

async function curlMs(url: string): Promise<number> {
  const began = process.hrtime.bigint();
  await promisify(execFile)('sh', ['-c', 'curl -sf "$1" | sha256sum', 'sh', url]);
  return Number(process.hrtime.bigint() - began) / 1e6;
}
