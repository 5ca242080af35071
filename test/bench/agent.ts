import { setTimeout as delay } from 'node:timers/promises';
import { anOrder } from '../support/agent-drive.ts';
import { startBytesServer } from '../support/bytes-server-run.ts';
import { NEW_VERSION } from '../support/releases.ts';
import { Churn } from './churn.ts';
import { type Figure, figure } from './figures.ts';
import { LoneAgent } from './lone-agent.ts';
import type { Part } from './part.ts';
import { cpuMsOf, type ProcessMemory, watchPeak } from './process-memory.ts';

/** Agents that are started one after the other and left alone. */
const IDLE_AGENTS = 3;
const REST_MS = 30_000;
const WATCHED_MS = 60_000;
const ORDERS = 10_000;
const SAMPLE_EVERY = 500;
/** What an agent has met once by then, it need not make room for again. */
const WARM_AFTER = 1000;
const DOWNLOAD_BYTES = 250_000_000;
/** The memory of a download is given back once the agent has been at rest for 15 s. */
const GIVES_BACK_WITHIN_MS = 40_000;
const FLAT_PERCENT = 105;

/** What ships, as one process: what it takes at rest, and whether work makes it grow. */
export const agentFigures: Part = async ({ progress, signal }) => {
  const atRest: ProcessMemory[] = [];
  const cpuMs: number[] = [];
  for (let n = 1; n <= IDLE_AGENTS; n++) {
    progress(
      `agent ${n} of ${IDLE_AGENTS} at rest for ${REST_MS / 1000} s, then watched for ${WATCHED_MS / 1000} s`,
    );
    await using agent = await LoneAgent.start();
    await delay(REST_MS, undefined, { signal });
    atRest.push(agent.memory());
    const before = cpuMsOf(agent.pid);
    await delay(WATCHED_MS, undefined, { signal });
    cpuMs.push(cpuMsOf(agent.pid) - before);
    atRest.push(agent.memory());
  }
  const proportional = atRest.flatMap(({ proportionalMB: one }) =>
    one === undefined ? [] : [one],
  );
  return [
    figure(
      {
        name: 'memory at rest',
        unit: 'MB',
        bound: { atMost: 64 },
        method: `VmRSS of the single file, watching over TLS, ${REST_MS / 1000} s after its first report and ${WATCHED_MS / 1000} s later`,
      },
      atRest.map(({ residentMB }) => residentMB),
    ),
    ...(proportional.length === 0
      ? []
      : [
          figure(
            {
              name: 'its share of that',
              unit: 'MB',
              method:
                'Pss at the same moments: pages of Node itself count in part where others run it too',
            },
            proportional,
          ),
        ]),
    figure(
      {
        name: 'processor, in a minute of rest',
        unit: 'ms',
        method: 'schedstat of all its threads',
      },
      cpuMs,
    ),
    ...(await figuresOfWork(progress, signal)),
  ];
};

/** One agent: at rest, 10,000 orders, at rest, a large download, at rest. */
async function figuresOfWork(
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<readonly Figure[]> {
  await using agent = await LoneAgent.start();
  progress('an agent to rest before it works');
  await delay(REST_MS, undefined, { signal });
  const beforeMB = agent.memory().residentMB;
  const levels = await underLoad(agent, progress, signal);
  await agent.release();
  progress('the agent to rest after its work');
  await delay(REST_MS, undefined, { signal });
  const afterMB = agent.memory().residentMB;

  progress(`a download of ${DOWNLOAD_BYTES / 1e6} MB`);
  const aboveMB = (await peakOfDownload(agent)) - afterMB;
  await agent.release();
  const givesBackMs = await untilBelow(agent, afterMB * (FLAT_PERCENT / 100), signal);

  const warm = levels.filter(({ orders }) => orders > WARM_AFTER);
  const half = warm.length / 2;
  const firstMB = mean(warm.slice(0, half).map(({ residentMB }) => residentMB));
  const lastMB = mean(warm.slice(-half).map(({ residentMB }) => residentMB));
  const count = ORDERS.toLocaleString('en');
  return [
    figure(
      {
        name: `at rest after ${count} orders, of before`,
        unit: '%',
        bound: { atMost: FLAT_PERCENT },
        method: `VmRSS ${REST_MS / 1000} s after the last, of that before the first; in between it has started itself anew, as it does after any work`,
      },
      [(afterMB / beforeMB) * 100],
    ),
    figure(
      {
        name: `memory in the course of ${count} orders`,
        unit: 'MB',
        method: `VmRSS every ${SAMPLE_EVERY} orders from ${WARM_AFTER} on, one process without a pause; orders fail, are cancelled and deliver a bundle in turn, each with a download and all its reports`,
      },
      warm.map(({ residentMB }) => residentMB),
    ),
    figure(
      {
        name: '  the second half, of the first',
        unit: '%',
        bound: { atMost: FLAT_PERCENT },
        method: 'means of the same samples',
      },
      [(lastMB / firstMB) * 100],
    ),
    figure(
      { name: '  grows in 1,000 orders by', unit: 'MB', method: 'slope of a line through them' },
      [slope(warm.map(({ orders, residentMB }) => [orders / 1000, residentMB]))],
    ),
    figure(
      {
        name: `above rest, in a download of ${DOWNLOAD_BYTES / 1e6} MB`,
        unit: 'MB',
        bound: { atMost: 24 },
        method:
          'VmHWM from the order to the report of its end, over VmRSS before; the file is verified and found to be no program',
      },
      [aboveMB],
    ),
    figure(
      {
        name: 'until that is given back',
        unit: 's',
        method: `from the removal of the order until VmRSS is at most ${FLAT_PERCENT} % of before`,
      },
      [givesBackMs / 1000],
    ),
  ];
}

interface Level {
  readonly orders: number;
  readonly residentMB: number;
}

async function underLoad(
  agent: LoneAgent,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<readonly Level[]> {
  await using churn = await Churn.start(agent);
  const levels: Level[] = [];
  for (let orders = 1; orders <= ORDERS; orders++) {
    signal.throwIfAborted();
    await churn.one();
    if (orders % SAMPLE_EVERY !== 0) continue;
    const { residentMB } = agent.memory();
    levels.push({ orders, residentMB });
    progress(`order ${orders} of ${ORDERS}: ${residentMB.toFixed(1)} MB`);
  }
  return levels;
}

/** @returns the most that was resident, in megabytes */
async function peakOfDownload(agent: LoneAgent): Promise<number> {
  const server = await startBytesServer();
  try {
    const url = `${server.origin}/${DOWNLOAD_BYTES}`;
    const artifact = { kind: 'k0s', version: NEW_VERSION, url, force: false } as const;
    const order = anOrder('stage', { id: 'large.0.1', artifact });
    const peak = watchPeak(agent.pid);
    agent.order(order);
    await agent.reported(order.id, ({ phase }) => phase === 'Failed');
    return peak();
  } finally {
    server.close();
  }
}

/** @returns milliseconds; infinite when it did not come to it */
async function untilBelow(agent: LoneAgent, limitMB: number, signal: AbortSignal): Promise<number> {
  const beganMs = performance.now();
  for (;;) {
    const tookMs = performance.now() - beganMs;
    if (agent.memory().residentMB <= limitMB) return tookMs;
    if (tookMs > GIVES_BACK_WITHIN_MS) return Number.POSITIVE_INFINITY;
    await delay(250, undefined, { signal });
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of the line with the least squares of distances. */
function slope(points: readonly (readonly [number, number])[]): number {
  const x = mean(points.map(([at]) => at));
  const y = mean(points.map(([, value]) => value));
  const above = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return above / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}
