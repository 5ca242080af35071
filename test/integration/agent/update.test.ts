import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { formatOrder, type Goal, type Order } from '../../../src/signals/order.ts';
import { anOrder } from '../../support/agent-drive.ts';
import { AgentHost, type Fault, fakeK0s } from '../../support/agent-host.ts';
import { eventually } from '../../support/eventually.ts';
import { sha256Of } from '../../support/sha256.ts';

const OLD = 'v1.36.1+k0s.0';
const NEW = 'v1.36.3+k0s.0';

describe('an agent process updates a k0s process', () => {
  let host: AgentHost;
  let web: Server;
  let answer: RequestListener;
  let run = 0;

  before(async () => {
    web = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
    host = await AgentHost.start(OLD);
    host.startAgent();
  });
  after(async () => {
    await host.stop();
    web.close();
    web.closeAllConnections();
  });

  /** The next order, to a release of its own. */
  function release(version: string, fault: Fault = 'sound'): (goal: Goal) => Order {
    const content = fakeK0s(version, fault);
    answer = (_, response) => response.end(content);
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/k0s`;
    const id = `run${++run}.0.1`;
    return (goal) =>
      anOrder(goal, {
        id,
        artifact: { kind: 'k0s', version, url, sha256: sha256Of(content), force: false },
        durations: { stageMs: 60_000, confirmMs: 60_000 },
      });
  }

  const say = (order: Order) => host.order(formatOrder(order));
  const phase = (wanted: string) =>
    host.reported(
      `phase ${wanted}`,
      ({ signal }) => signal?.id === `run${run}.0.1` && signal.phase === wanted,
    );

  it('reports what the host is before there is any order', async () => {
    const report = await host.reported('facts', ({ host: facts }) => facts.k0sVersion === OLD);
    assert.equal(report.host.sha256, sha256Of(readFileSync(host.binary)));
    assert.equal(report.host.writable, true);
    assert.match(report.host.platform, /^linux-(amd64|arm64)$/);
    assert.equal(report.signal, undefined);
  });

  it('stages, parks, applies, and commits when it is told to', async (t) => {
    const order = release(NEW);
    say(order('stage'));
    const staged = await phase('Staged');
    assert.deepEqual(staged.signal?.staged, {
      version: NEW,
      sha256: sha256Of(fakeK0s(NEW)),
      size: fakeK0s(NEW).length,
    });
    assert.equal(staged.signal?.previous?.version, OLD);
    assert.equal(await host.version(), OLD, 'nothing is touched while it is parked');
    say(order('apply'));
    const trial = await host.reported('health', ({ signal }) => signal?.running?.healthy === true);
    assert.equal(trial.signal?.phase, 'OnTrial');
    assert.equal(trial.signal?.running?.version, NEW);
    assert.ok((trial.signal?.gapMs ?? 1e9) <= 200, `gap ${trial.signal?.gapMs} ms`);
    t.diagnostic(`gap ${trial.signal?.gapMs} ms`);
    say(order('commit'));
    const committed = await host.reported(
      'the commit and the kept binary',
      ({ signal, host: facts }) => signal?.phase === 'Committed' && facts.previous?.version === OLD,
    );
    assert.equal(committed.host.k0sVersion, NEW);
    // It goes with the cordon; from then on the report alone tells what came of it.
    host.order(undefined);
  });

  it('undoes a release that exits, without a word from anybody', async () => {
    assert.equal(host.report?.signal?.phase, 'Committed');
    const order = release('v1.36.4+k0s.0', 'exits');
    say(order('apply'));
    const { signal } = await phase('Undone');
    assert.equal(signal?.class, 'Artifact');
    assert.equal(signal?.reason, 'ProcessExits');
    assert.match(
      signal?.message ?? '',
      /^k0s v1\.36\.4\+k0s\.0 exited 3 times since it was put in place; it last printed: .*broken on purpose; v1\.36\.3\+k0s\.0 runs again$/,
    );
    assert.equal(await host.version(), NEW);
  });

  it('undoes a release that runs as another version', async () => {
    const order = release('v1.36.4+k0s.0', 'lies');
    say(order('apply'));
    const { signal } = await phase('Undone');
    assert.equal(signal?.reason, 'WrongVersionRuns');
    assert.match(
      signal?.message ?? '',
      /^wanted v1\.36\.4\+k0s\.0, but process \d+ answers v0\.0\.0/,
    );
    assert.equal(await host.version(), NEW);
  });

  it('undoes a silent release at its deadline, while the API is away', async () => {
    const order = release('v1.36.4+k0s.0', 'silent');
    const brief = { stageMs: 60_000, confirmMs: 2500 };
    say({ ...order('apply'), durations: brief });
    await phase('OnTrial');
    host.api.broken = 503;
    host.api.cutWatches();
    await phaseOnDisk(host, 'Undone');
    host.api.broken = undefined;
    const { signal } = await phase('Undone');
    assert.equal(signal?.reason, 'ConfirmTimeout');
    assert.match(
      signal?.message ?? '',
      /^nobody confirmed v1\.36\.4\+k0s\.0 within 3 s of its restart/,
    );
  });

  it('refuses a file with another sha256 and never runs it', async () => {
    const order = release('v1.36.4+k0s.0')('stage');
    const sha256 = 'a'.repeat(64);
    say({ ...order, artifact: { ...order.artifact, sha256 } });
    const { signal } = await phase('Failed');
    assert.equal(signal?.class, 'Artifact');
    assert.equal(signal?.reason, 'ChecksumMismatch');
    assert.match(
      signal?.message ?? '',
      new RegExp(`^wanted sha256 ${sha256}, found [0-9a-f]{64} \\(\\d+ bytes from http://127`),
    );
  });

  it('refuses a file that says another version', async () => {
    const order = release('v1.36.5+k0s.0')('stage');
    say({ ...order, artifact: { ...order.artifact, version: 'v1.36.6+k0s.0' } });
    const { signal } = await phase('Failed');
    assert.equal(signal?.reason, 'VersionMismatch');
    assert.match(signal?.message ?? '', /says it is "v1\.36\.5\+k0s\.0"$/);
  });

  it('refuses a file that is no program', async () => {
    const order = release('v1.36.4+k0s.0')('stage');
    answer = (_, response) => response.end('<html>');
    const { sha256: _unknown, ...artifact } = order.artifact;
    say({ ...order, artifact });
    const { signal } = await phase('Failed');
    assert.equal(signal?.reason, 'NotExecutable');
  });

  it('says that a URL is not found', async () => {
    const order = release('v1.36.4+k0s.0')('stage');
    answer = (_, response) => response.writeHead(404).end();
    say(order);
    const { signal } = await phase('Failed');
    assert.equal(signal?.class, 'Environment');
    assert.equal(signal?.reason, 'DownloadFailed');
    assert.match(signal?.message ?? '', /^wanted 200, found 404 Not Found at http:\/\/127.*\/k0s$/);
  });

  it('tries again after a 500', async () => {
    const order = release('v1.36.4+k0s.0')('stage');
    const good = answer;
    let asked = 0;
    answer = (request, response) =>
      ++asked === 1 ? response.writeHead(500).end() : good(request, response);
    say(order);
    await host.reported('the trouble', ({ signal }) =>
      /^attempt 1: wanted 200, found 500/.test(signal?.message ?? ''),
    );
    await phase('Staged');
    say({ ...order, goal: 'cancel' });
    await phase('Cancelled');
  });

  it('goes on where it was when it is killed on trial', async () => {
    const order = release('v1.36.4+k0s.0');
    say(order('apply'));
    await phase('OnTrial');
    await host.stopAgent('SIGKILL');
    const { pid } = await host.service();
    say(order('commit'));
    host.startAgent();
    await phase('Committed');
    assert.equal((await host.service()).pid, pid, 'k0s is not restarted again');
  });

  it('ends orderly when it is told to', async () => {
    assert.equal(await host.stopAgent(), 0);
  });
});

function phaseOnDisk(host: AgentHost, wanted: string) {
  return eventually(`the journal to say ${wanted}`, () =>
    readFileSync(`${host.folder}/state/journal.json`, 'utf8').includes(`"phase":"${wanted}"`),
  );
}
