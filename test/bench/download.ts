import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startBytesServer } from '../support/bytes-server-run.ts';
import type { ChildReport } from '../support/download-child.ts';
import { bundleDownloader, downloadApart } from '../support/download-run.ts';
import { type Figure, figure } from './figures.ts';

const BYTES = 250_000_000;
const ROUNDS = 5;
/** 20 Mbit/s, and enough that the start does not show. */
const SLOW_BYTES_PER_SECOND = 2_500_000;
const SLOW_BYTES = 50_000_000;

/** What a download costs, measured on this machine alone. */
export async function downloadFigures(onProgress: (text: string) => void): Promise<Figure[]> {
  const server = await startBytesServer();
  const program = await bundleDownloader();
  const folder = await mkdtemp(join(tmpdir(), 'autopilot-bench-'));
  let runs = 0;
  const fetch = (path: string) =>
    downloadApart(program, server.origin + path, join(folder, `${runs++}`));
  try {
    const ratios: number[] = [];
    const reports: ChildReport[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      onProgress(`download ${round} of ${ROUNDS}, ours and curl's`);
      const report = await fetch(`/${BYTES}`);
      const curlMs = await curl(`${server.origin}/${BYTES}`);
      reports.push(report);
      ratios.push((report.tookMs / curlMs) * 100);
      await rm(join(folder, `${runs - 1}`), { recursive: true });
    }
    onProgress('download over 20 Mbit/s');
    const slow = await fetch(`/${SLOW_BYTES}?rate=${SLOW_BYTES_PER_SECOND}`);
    const linkMs = (SLOW_BYTES / SLOW_BYTES_PER_SECOND) * 1000;
    return [
      figure(
        {
          name: 'download, of what curl takes',
          unit: '%',
          bound: 111,
          method: `time for ${BYTES / 1e6} MB over loopback, from the order to a file that is hashed and synced, of that of \`curl | sha256sum\`, which stores nothing, right after it`,
        },
        ratios,
      ),
      figure(
        {
          name: 'agent memory, while it downloads',
          unit: 'MB',
          bound: 24,
          method: 'VmHWM over VmRSS of before, bundled and lean, HTTP used once before',
        },
        reports.map(({ idleMB, peakMB }) => peakMB - idleMB),
      ),
      figure(
        {
          name: 'download at 20 Mbit/s, of the link',
          unit: '%',
          bound: 103,
          method: `${SLOW_BYTES / 1e6} MB from a server that sends by the clock`,
        },
        [(slow.tookMs / linkMs) * 100],
      ),
    ];
  } finally {
    server.close();
    await rm(program);
    await rm(folder, { recursive: true });
  }
}

async function curl(url: string): Promise<number> {
  const began = process.hrtime.bigint();
  await promisify(execFile)('sh', ['-c', 'curl -sf "$1" | sha256sum', 'sh', url]);
  return Number(process.hrtime.bigint() - began) / 1e6;
}

if (import.meta.main) {
  const { figureLines } = await import('./figures.ts');
  const figures = await downloadFigures((text) => console.error(text));
  for (const line of figureLines(figures)) console.log(line);
}
