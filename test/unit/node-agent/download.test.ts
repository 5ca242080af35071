import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { DownloadError } from '../../../src/artifacts/errors.ts';
import {
  type AgentPolicy,
  DEFAULT_AGENT_POLICY,
  type DownloadRules,
} from '../../../src/node-agent/agent-policy.ts';
import type { FetchRequest, Host } from '../../../src/node-agent/host.ts';
import { beginSignal, EMPTY_JOURNAL, type OpenSignal } from '../../../src/node-agent/journal.ts';
import { forgetOldPartial, wantedBy } from '../../../src/node-agent/partial-record.ts';
import {
  type Downloaded,
  type DownloadOptions,
  download,
} from '../../../src/node-agent/steps/download.ts';
import type { Order } from '../../../src/signals/order.ts';
import { anOrder, LAYOUT, OLD } from '../../support/agent-drive.ts';
import { sha256Of } from '../../support/sha256.ts';
import { CRASH_KINDS, Crash, SimulatedHost } from '../../support/simulated-host.ts';

const URL_A = 'https://a/k0s';
const URL_B = 'https://b/k0s';
const FILE = Array.from({ length: 100 }, (_, n) => `line ${n} `.padEnd(10)).join('');
const OTHER = FILE.toUpperCase();
const CHUNK = 100;

/** What is served at an address, and how one answer after the other ends. */
interface Served {
  content: string;
  etag: string | undefined;
  readonly endings: (number | DownloadError)[];
  /** Where the server says nothing of the length. */
  isEndless?: boolean;
}

class Scene {
  readonly sim = new SimulatedHost(LAYOUT.binary, OLD);
  readonly web = new Map<string, Served>();
  readonly asked: string[] = [];
  readonly troubles: string[] = [];

  serve(url: string, more: Partial<Served> = {}): Served {
    const served = { content: FILE, etag: '"v1"', endings: [], ...more };
    this.web.set(url, served);
    return served;
  }

  get stored(): string | undefined {
    return this.sim.content(LAYOUT.partial);
  }

  get host(): Host {
    const { files, clock, k0s, service } = this.sim;
    return { files, clock, k0s, service, network: { open: (request) => this.#open(request) } };
  }

  async #open({ url, resume, signal }: FetchRequest) {
    this.asked.push(resume ? `${url} from ${resume.fromByte} of ${resume.validator}` : url);
    signal.throwIfAborted();
    this.sim.advance(10);
    const served = this.web.get(url);
    if (served === undefined) throw new DownloadError(`404 at ${url}`, { retryable: false });
    const { content, etag, endings, isEndless } = served;
    const next = endings.shift();
    if (next instanceof DownloadError) throw next;
    const ending = next ?? Number.POSITIVE_INFINITY;
    const goesOn =
      resume !== undefined && (resume.validator === undefined || resume.validator === etag);
    const fromByte = goesOn ? resume.fromByte : 0;
    async function* body() {
      for (let at = fromByte; at < content.length; at += CHUNK) {
        if (at - fromByte >= ending) throw new DownloadError('broke off', { retryable: true });
        signal.throwIfAborted();
        yield Buffer.from(content.slice(at, at + CHUNK), 'latin1');
      }
    }
    const totalBytes = isEndless ? undefined : content.length;
    const fileName = 'k0s';
    return {
      fromByte,
      totalBytes,
      validator: etag,
      fileName,
      body: body(),
      close: () => undefined,
    };
  }

  signal(artifact: Partial<Order['artifact']> = {}, more: Partial<Order> = {}): OpenSignal {
    const order = anOrder('stage', more);
    const now = { bootId: this.sim.clock.bootId(), uptimeMs: this.sim.clock.uptimeMs() };
    const whole = { ...order, artifact: { ...order.artifact, url: URL_A, ...artifact } };
    return beginSignal(EMPTY_JOURNAL, whole, now).signal!;
  }

  run(
    signal: OpenSignal = this.signal(),
    rules: Partial<DownloadRules> = {},
    options: Partial<DownloadOptions> = {},
  ): Promise<Downloaded> {
    return download(
      this.host,
      LAYOUT,
      signal,
      { ...(DEFAULT_AGENT_POLICY as AgentPolicy).download, ...rules },
      {
        abort: new AbortController().signal,
        random: () => 0.5,
        blake2b: false,
        onProgress: () => undefined,
        onTrouble: (message) => this.troubles.push(message),
        checkpointBytes: 2 * CHUNK,
        ...options,
      },
    );
  }
}

const sound = (content: string, url: string): Downloaded => ({
  kind: 'downloaded',
  file: { sizeBytes: content.length, sha256: sha256Of(content), fileName: 'k0s', url },
});
const failed = (reason: string, message: string, blamed = 'Environment') => ({
  kind: 'failed',
  failure: { class: blamed, reason, message },
});

describe('a download', () => {
  it('is whole, on the disk, and hashed in both ways where signatures are asked for', async () => {
    const scene = new Scene();
    scene.serve(URL_A);
    const found = await scene.run(undefined, {}, { blake2b: true });
    assert.equal(scene.stored, FILE);
    const blake2b512 = createHash('blake2b512').update(FILE).digest('hex');
    const expected = sound(FILE, URL_A);
    assert.ok(expected.kind === 'downloaded');
    assert.deepEqual(found, { ...expected, file: { ...expected.file, blake2b512 } });
    scene.sim.reboot('lost');
    assert.equal(scene.stored, FILE, 'after a power cut');
    assert.equal((await scene.run(undefined, {}, { blake2b: true })).kind, 'downloaded');
    assert.deepEqual(scene.asked, [URL_A], 'the second time asks nobody');
  });

  it('is whole also where nobody says how long it is', async () => {
    const scene = new Scene();
    scene.serve(URL_A, { isEndless: true, etag: undefined });
    assert.deepEqual(await scene.run(), sound(FILE, URL_A));
    assert.deepEqual(await scene.run(), sound(FILE, URL_A));
    assert.deepEqual(scene.asked, [URL_A]);
  });

  it('that breaks off goes on where it was', async () => {
    const scene = new Scene();
    scene.serve(URL_A, { endings: [300, 100, 0, 500] });
    assert.deepEqual(await scene.run(), sound(FILE, URL_A));
    assert.equal(scene.stored, FILE);
    assert.deepEqual(scene.asked, [
      URL_A,
      ...[300, 400, 400, 900].map((at) => `${URL_A} from ${at} of "v1"`),
    ]);
  });

  it('of a file that was changed begins anew', async () => {
    const scene = new Scene();
    const served = scene.serve(URL_A, { endings: [300] });
    const options: Partial<DownloadOptions> = {
      onTrouble: () => Object.assign(served, { content: OTHER, etag: '"v2"' }),
    };
    assert.deepEqual(await scene.run(undefined, {}, options), sound(OTHER, URL_A));
    assert.equal(scene.stored, OTHER);
  });

  it('of a file that cannot be gone on with begins anew, at once', async () => {
    const scene = new Scene();
    const stale = new DownloadError('416', { retryable: true, isStale: true });
    scene.serve(URL_A, { endings: [300, stale] });
    assert.deepEqual(await scene.run(), sound(FILE, URL_A));
    assert.deepEqual(scene.asked, [URL_A, `${URL_A} from 300 of "v1"`, URL_A]);
  });

  it('of a file whose length changed under its validator begins anew', async () => {
    const scene = new Scene();
    const served = scene.serve(URL_A, { endings: [300] });
    const longer = `${OTHER}!`;
    const options = { onTrouble: () => Object.assign(served, { content: longer }) };
    assert.deepEqual(await scene.run(undefined, {}, options), sound(longer, URL_A));
  });

  it('without a strong validator begins anew', async () => {
    const scene = new Scene();
    scene.serve(URL_A, { etag: undefined, endings: [300] });
    assert.deepEqual(await scene.run(), sound(FILE, URL_A));
    assert.deepEqual(scene.asked, [URL_A, URL_A]);
  });

  for (const etag of [undefined, '"v1"']) {
    it(`with a digest to judge by goes on under ${etag ?? 'no validator'}, and fetches the whole once if that was wrong`, async () => {
      const scene = new Scene();
      const sha256 = sha256Of(OTHER);
      const served = scene.serve(URL_A, { etag, endings: [300] });
      const options = { onTrouble: () => Object.assign(served, { content: OTHER }) };
      const found = await scene.run(scene.signal({ sha256 }), {}, options);
      assert.deepEqual(found, sound(OTHER, URL_A));
      assert.equal(scene.stored, OTHER);
      assert.deepEqual(scene.asked, [URL_A, `${URL_A} from 300 of ${etag}`, URL_A]);
    });
  }

  it('with a wrong digest is had from another source, and fails when there is none', async () => {
    const scene = new Scene();
    scene.serve(URL_A, { content: OTHER });
    const sha256 = sha256Of(FILE);
    const mismatch = `wanted sha256 ${sha256}, found ${sha256Of(OTHER)} (1000 bytes from ${URL_A})`;
    const alone = await scene.run(scene.signal({ sha256 }));
    assert.deepEqual(alone, failed('ChecksumMismatch', mismatch, 'Artifact'));
    assert.equal(scene.stored, undefined);
    scene.serve(URL_B);
    const signal = scene.signal({ sha256, mirrors: [URL_B] });
    assert.deepEqual(await scene.run(signal), sound(FILE, URL_B));
  });

  it('asks the mirrors of the host first, and passes over what will never answer', async () => {
    const scene = new Scene();
    scene.serve(URL_B);
    const mirrors = [{ prefix: 'https://a', mirrors: ['https://m'] }];
    const signal = scene.signal({ mirrors: [URL_B] });
    assert.deepEqual(await scene.run(signal, { mirrors }), sound(FILE, URL_B));
    assert.deepEqual(scene.asked, ['https://m/k0s', URL_A, URL_B]);
  });

  it('ends when every source has failed for good', async () => {
    const scene = new Scene();
    const found = await scene.run(scene.signal({ mirrors: [URL_B] }));
    assert.deepEqual(found, failed('DownloadFailed', `404 at ${URL_A}; 404 at ${URL_B}`));
  });

  it('waits as long as it is asked to, and tries another source meanwhile', async () => {
    const scene = new Scene();
    const busy = () => new DownloadError('429', { retryable: true, retryAfterMs: 100_000 });
    scene.serve(URL_A, { endings: [busy()] });
    const beganMs = scene.sim.clock.uptimeMs();
    assert.deepEqual(await scene.run(), sound(FILE, URL_A));
    assert.ok(scene.sim.clock.uptimeMs() - beganMs >= 100_000);
    const other = new Scene();
    other.serve(URL_A, { endings: [busy()] });
    other.serve(URL_B);
    assert.deepEqual(await other.run(other.signal({ mirrors: [URL_B] })), sound(FILE, URL_B));
  });

  it('ends after so many attempts in a row without a new byte', async () => {
    const scene = new Scene();
    scene.serve(URL_A, { endings: [0, 100, 0, 0, 0, 0, 0] });
    assert.deepEqual(
      await scene.run(undefined, { attempts: 3 }),
      failed('DownloadFailed', 'given up after 3 attempts in a row without a new byte: broke off'),
    );
    assert.equal(scene.asked.length, 5);
  });

  it('ends when its time is over, and says what the trouble was', async () => {
    const scene = new Scene();
    const endings = Array.from(
      { length: 100 },
      () => new DownloadError('503', { retryable: true }),
    );
    scene.serve(URL_A, { endings });
    const beganMs = scene.sim.clock.uptimeMs();
    const signal = scene.signal();
    const seconds = signal.order.durations.stageMs / 1000;
    assert.deepEqual(
      await scene.run(signal),
      failed('DownloadTimeout', `not fetched within ${seconds} s from ${URL_A}: 503`),
    );
    assert.equal(scene.sim.clock.uptimeMs() - beganMs, seconds * 1000);
  });

  it('keeps what has come when it is cancelled, for the next order of that artifact alone', async () => {
    for (const [more, expected] of [
      [{}, `${URL_A} from 300 of "v1"`],
      [{ version: 'v9' }, URL_A],
    ] as const) {
      const scene = new Scene();
      scene.serve(URL_A);
      const stop = new AbortController();
      const onProgress = (done: number) => (done === 300 ? stop.abort() : undefined);
      const options = { abort: stop.signal, onProgress };
      assert.deepEqual(await scene.run(undefined, {}, options), { kind: 'aborted' });
      scene.sim.reboot('lost');
      assert.equal((await scene.run(scene.signal(more))).kind, 'downloaded');
      assert.deepEqual(scene.asked, [URL_A, expected]);
      assert.equal(scene.stored, FILE);
    }
  });

  it('is refused where there is no room for the rest of it', async () => {
    const scene = new Scene();
    scene.serve(URL_A);
    scene.sim.freeBytes = 16 * 1024 * 1024 + 999;
    const found = await scene.run();
    assert.equal(found.kind === 'failed' && found.failure.reason, 'DiskFull');
    scene.sim.freeBytes++;
    scene.sim.freeFiles = 2;
    const none = await scene.run();
    assert.equal(none.kind === 'failed' && none.failure.reason, 'DiskFull');
  });

  it('leaves nothing on a disk that is full', async () => {
    const scene = new Scene();
    scene.serve(URL_A);
    scene.sim.errors.set('write', 'ENOSPC');
    const found = await scene.run();
    assert.equal(found.kind === 'failed' && found.failure.reason, 'DiskFull');
    assert.deepEqual(scene.sim.paths(), [LAYOUT.binary]);
  });

  it('keeps to a limit', async () => {
    const scene = new Scene();
    scene.serve(URL_A);
    const beganMs = scene.sim.clock.uptimeMs();
    await scene.run(undefined, { bytesPerSecond: 100 });
    const tookMs = scene.sim.clock.uptimeMs() - beganMs;
    assert.ok(Math.abs(tookMs - 10_000) < 300, `${tookMs} ms`);
  });

  it('never trusts bytes that the disk has changed', async () => {
    const scene = new Scene();
    scene.serve(URL_A, { endings: [300, new DownloadError('404', { retryable: false })] });
    await scene.run();
    scene.sim.overwrite(LAYOUT.partial, `X${FILE.slice(1, 300)}`);
    assert.deepEqual(await scene.run(), sound(FILE, URL_A));
    assert.equal(scene.asked.at(-1), URL_A);
  });

  it('never trusts a record that cannot be read', async () => {
    for (const text of ['', '{', '[]', '{"v":2}', '{"v":1,"syncedBytes":-1}']) {
      const scene = new Scene();
      scene.serve(URL_A);
      scene.sim.overwrite(LAYOUT.partial, OTHER);
      scene.sim.overwrite(LAYOUT.partialRecord, text);
      assert.deepEqual(await scene.run(), sound(FILE, URL_A));
    }
  });

  it('may end at any call: the next one makes the exact file, and asks for less', async (t) => {
    let cuts = 0;
    let resumed = 0;
    for (const kind of CRASH_KINDS) {
      for (let call = 1; ; call++) {
        const scene = new Scene();
        scene.serve(URL_A, { endings: [400, 200] });
        scene.sim.crashAt = { call, kind };
        const signal = scene.signal({}, { durations: { stageMs: 1e9, confirmMs: 1000 } });
        try {
          await scene.run(signal);
          break;
        } catch (thrown) {
          if (!(thrown instanceof Crash)) throw thrown;
        }
        cuts++;
        if (scene.sim.revive(kind)) scene.sim.startK0s();
        const before = scene.asked.length;
        assert.deepEqual(await scene.run(signal), sound(FILE, URL_A), `${kind} at ${call}`);
        assert.equal(scene.stored, FILE);
        if (scene.asked[before]?.includes(' from ')) resumed++;
      }
    }
    t.diagnostic(`${cuts} cuts, ${resumed} of them gone on from`);
    assert.ok(resumed > cuts / 3, `${resumed} of ${cuts}`);
  });
});

describe('a part of a file', () => {
  const part = async () => {
    const scene = new Scene();
    scene.serve(URL_A, { endings: [300, new DownloadError('404', { retryable: false })] });
    await scene.run();
    assert.equal(scene.stored?.length, 300);
    return scene;
  };

  it('is kept for as long as the host allows', async () => {
    const scene = await part();
    const { files, clock } = scene.sim;
    const wallMs = clock.wallMs();
    await forgetOldPartial(files, LAYOUT, { wallMs: wallMs + 1000, keepMs: 1_000_000 });
    assert.equal(scene.stored?.length, 300);
    await forgetOldPartial(files, LAYOUT, { wallMs: wallMs + 2_000_000, keepMs: 1_000_000 });
    assert.deepEqual(scene.sim.paths(), [LAYOUT.binary]);
  });

  it('is dropped for another artifact, or another Plan that gives no digest', async () => {
    for (const [order, isKept] of [
      [anOrder('stage', { artifact: { ...anOrder().artifact, url: URL_A } }), true],
      [anOrder(), false],
      [
        anOrder('stage', {
          artifact: { ...anOrder().artifact, url: URL_A },
          plan: { name: 'autopilot', uid: 'uid-2' },
        }),
        false,
      ],
    ] as const) {
      const scene = await part();
      const { files, clock } = scene.sim;
      const wanted = wantedBy(order);
      await forgetOldPartial(files, LAYOUT, { wallMs: clock.wallMs(), keepMs: 0, wanted });
      assert.equal(scene.stored !== undefined, isKept);
    }
  });
});
