import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ChannelFolder } from '../../src/channels/channel-folder-store.ts';
import { judgeIndex } from '../../src/channels/index-judge.ts';
import { DEFAULT_PACE, firstPollMs, nextPollMs } from '../../src/channels/poll-schedule.ts';
import { makeKeys, parseSecretKey, type SecretKey } from '../../src/channels/secret-key.ts';
import { storeRelease } from '../support/channel-release.ts';
import { bars, perSpan, simulatePolls } from '../support/simulated-polls.ts';
import { type Figure, figure } from './figures.ts';
import type { Part } from './part.ts';

const CLUSTERS = 10_000;
const HOUR_MS = 3_600_000;
/** Polls a second, were they spread evenly. */
const MEAN = CLUSTERS / (DEFAULT_PACE.intervalMs / 1000);
/** The first two minutes after all were started at once. */
const REAL_MS = 120_000;

/** Polls of 10,000 clusters: by a simulated clock, and in earnest against a server of ours. */
export const channelFigures: Part = async ({ progress, signal }) => {
  progress('10,000 clusters poll by a simulated clock');
  const simulated = simulatedFigures();
  progress('10,000 clusters poll a server');
  const real = await realFigures(signal);
  return [...simulated, ...real];
};

function simulatedFigures(): readonly Figure[] {
  const world = {
    clusters: CLUSTERS,
    pace: DEFAULT_PACE,
    startedWithinMs: 0,
    untilMs: 24 * HOUR_MS,
    serverSays: () => ({ isWell: true }),
  };
  const day = simulatePolls(world);
  const isAway = (nowMs: number) => nowMs >= HOUR_MS && nowMs < 2 * HOUR_MS;
  const away = simulatePolls({
    ...world,
    untilMs: 4 * HOUR_MS,
    serverSays: (nowMs) => ({ isWell: !isAway(nowMs) }),
  });
  const asked = simulatePolls({
    ...world,
    untilMs: 4 * HOUR_MS,
    serverSays: (nowMs) =>
      isAway(nowMs) ? { isWell: false, retryAtMs: 2 * HOUR_MS } : { isWell: true },
  });
  tellBars('polls in each second of a day: how many seconds had so many', spread(day));
  tellBars(
    'polls in each minute of the first hour, all clusters started at once',
    minutes(day, 60),
  );
  const method = `${CLUSTERS} clusters, a poll each 10 minutes: ${Math.round(MEAN * 10) / 10} a second on average`;
  const most = (name: string, perSecond: Uint32Array, times: number, rest: string) =>
    figure(
      { name, unit: '', bound: { atMost: Math.round(times * MEAN) }, method: `${method}; ${rest}` },
      [...perSecond],
    );
  return [
    most('polls in a second, all clusters started at once', day, 3, 'each second of a day'),
    most('polls in a second, the server away for an hour', away, 3, 'each second of 4 hours'),
    most(
      'polls in a second, all told to come at one time',
      asked,
      8,
      'each second of 4 hours; in one of them Retry-After names its end',
    ),
  ];
}

async function realFigures(signal: AbortSignal): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'autopilot-polls-'));
  try {
    const made = parseSecretKey(makeKeys().secret);
    if (made.kind !== 'key') throw new Error('no key');
    await publish(folder, made.key);
    const server = fork(join(import.meta.dirname, 'channels-server.ts'), [folder]);
    try {
      const [{ url }] = (await once(server, 'message', { signal })) as [{ url: string }];
      const seen = await pollForReal(url, made.key, signal);
      server.send('seconds');
      const [seconds] = (await once(server, 'message', { signal })) as [readonly number[]];
      return realOf(seen, seconds);
    } finally {
      server.kill();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function publish(path: string, key: SecretKey): Promise<void> {
  const config = { url: 'http://127.0.0.1/', channels: ['stable'], trustedKeys: [key.publicKey] };
  await ChannelFolder.configure(path, { ...config, validDays: 14 });
  const folder = await ChannelFolder.open(path);
  const release = storeRelease(path, config.url, 'v1.36.4+k0s.0');
  const change = { kind: 'add', release, older: false } as const;
  await folder.change('stable', change, { nowMs: Date.now(), key });
}

interface Seen {
  readonly tookMs: number[];
  failed: number;
}

/** Each cluster opens a connection of its own for each poll, as clusters do; the first answer is judged. */
async function pollForReal(url: string, key: SecretKey, signal: AbortSignal): Promise<Seen> {
  const seen: Seen = { tookMs: [], failed: 0 };
  // all of them have to be ready before the first one is due
  const startedMs = Date.now() + 5_000;
  const endMs = startedMs + REAL_MS;
  let isJudged = false;
  const cluster = async (id: number) => {
    const about = { clusterId: `kube-system:${id}`, channel: 'stable' };
    let dueMs = firstPollMs({ ...about, startedMs }, DEFAULT_PACE);
    let failures = 0;
    while (dueMs < endMs) {
      await delay(Math.max(0, dueMs - Date.now()), undefined, { signal });
      const lastMs = Date.now();
      try {
        const bytes = await ask(`${url}stable/index.yaml`);
        seen.tookMs.push(Date.now() - lastMs);
        failures = 0;
        if (!isJudged) mustBelieve(bytes, key);
        isJudged = true;
      } catch {
        failures++;
        seen.failed++;
      }
      dueMs = nextPollMs({ ...about, lastMs, failures }, DEFAULT_PACE);
    }
  };
  await Promise.all(Array.from({ length: CLUSTERS }, (_, id) => cluster(id)));
  return seen;
}

function mustBelieve(bytes: Buffer, key: SecretKey): void {
  const question = { bytes, from: 'the server', channel: 'stable', nowMs: Date.now() };
  const verdict = judgeIndex({ ...question, trustedKeys: [key.publicKey] });
  if (verdict.kind === 'refused') throw new Error(verdict.message);
}

function ask(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, timeout: 10_000 }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts));
        else reject(new Error(`wanted 200 from ${url}, found ${response.statusCode}`));
      });
    });
    asked.on('error', reject);
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.end();
  });
}

function realOf(seen: Seen, seconds: readonly number[]): readonly Figure[] {
  tellBars(
    'polls in each 5 s at a server, all clusters started at once',
    perSpan(Uint32Array.from(seconds), 5).map((count, at) => ({ label: `${at * 5} s`, count })),
  );
  const polls = seen.tookMs.length + seen.failed;
  return [
    figure(
      {
        name: 'polls in a second at a server',
        unit: '',
        bound: { atMost: Math.round(3 * MEAN) },
        method: `${CLUSTERS} clusters, started at once, for ${REAL_MS / 1000} s; counted by the server`,
      },
      seconds,
    ),
    figure(
      { name: 'answer of the server', unit: 'ms', method: 'from the request to the last byte' },
      seen.tookMs,
    ),
    figure({ name: 'polls that failed', unit: '', bound: { atMost: 0 }, method: `of ${polls}` }, [
      seen.failed,
    ]),
  ];
}

function minutes(perSecond: Uint32Array, most: number) {
  return perSpan(perSecond, 60)
    .slice(0, most)
    .map((count, at) => ({ label: String(at), count }));
}

/** How many seconds had 0 to 2 polls, 3 to 5, and so on. */
function spread(perSecond: Uint32Array) {
  const step = 3;
  const most = perSecond.reduce((high, one) => Math.max(high, one), 0);
  const counts = Array.from({ length: Math.floor(most / step) + 1 }, () => 0);
  for (const one of perSecond) counts[Math.floor(one / step)]! += 1;
  return counts.map((count, at) => ({ label: `${at * step}-${at * step + step - 1}`, count }));
}

function tellBars(title: string, rows: Parameters<typeof bars>[0]): void {
  console.log(`\n${title}`);
  for (const line of bars(rows)) console.log(line);
}
