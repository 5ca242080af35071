import { firstPollMs, nextPollMs, type PollPace } from '../../src/channels/poll-schedule.ts';

/** What a server says to a poll; `retryAtMs` is what it asks for in `Retry-After`. */
export interface SimulatedAnswer {
  readonly isWell: boolean;
  readonly retryAtMs?: number;
}

export interface SimulatedPolls {
  readonly clusters: number;
  readonly pace: PollPace;
  /** All clusters start within so long of 0; 0 as after a power cut that has hit all. */
  readonly startedWithinMs: number;
  readonly untilMs: number;
  readonly serverSays: (nowMs: number) => SimulatedAnswer;
}

/** Polls that a server sees in each second. */
export type PerSecond = Uint32Array;

/** Lets many clusters poll by a clock of its own; nothing is left to chance. */
export function simulatePolls(world: SimulatedPolls): PerSecond {
  const seconds = Math.ceil(world.untilMs / 1000);
  const perSecond = new Uint32Array(seconds);
  /** For each second who polls in it, and when. */
  const due: { cluster: number; atMs: number; failures: number }[][] = Array.from(
    { length: seconds },
    () => [],
  );
  const plan = (cluster: number, atMs: number, failures: number) =>
    due[Math.floor(atMs / 1000)]?.push({ cluster, atMs, failures });
  const idOf = (cluster: number) => `kube-system:${cluster}`;
  for (let cluster = 0; cluster < world.clusters; cluster++) {
    const startedMs = Math.floor((cluster / world.clusters) * world.startedWithinMs);
    const about = { clusterId: idOf(cluster), channel: 'stable', startedMs };
    plan(cluster, firstPollMs(about, world.pace), 0);
  }
  for (let second = 0; second < seconds; second++) {
    // no wait is shorter than a second, so this list does not grow while it is read
    for (const { cluster, atMs, failures } of due[second]!) {
      perSecond[second]! += 1;
      const { isWell, retryAtMs } = world.serverSays(atMs);
      const failed = isWell ? 0 : failures + 1;
      const past = { clusterId: idOf(cluster), channel: 'stable', lastMs: atMs, failures: failed };
      plan(cluster, nextPollMs({ ...past, retryAtMs }, world.pace), failed);
    }
    due[second] = [];
  }
  return perSecond;
}

/** Sums of so many seconds each. */
export function perSpan(perSecond: PerSecond, seconds: number): readonly number[] {
  return Array.from({ length: Math.floor(perSecond.length / seconds) }, (_, at) =>
    perSecond.subarray(at * seconds, (at + 1) * seconds).reduce((sum, one) => sum + one, 0),
  );
}

/** Bars of text, one a line: `  0  #### 12`. */
export function bars(
  rows: readonly { readonly label: string; readonly count: number }[],
  width = 50,
): readonly string[] {
  const most = Math.max(1, ...rows.map(({ count }) => count));
  const label = Math.max(...rows.map((row) => row.label.length));
  return rows.map(
    (row) =>
      `${row.label.padStart(label)}  ${'#'.repeat(Math.round((row.count / most) * width))} ${row.count}`,
  );
}
