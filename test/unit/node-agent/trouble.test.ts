import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DownloadError } from '../../../src/artifacts/errors.ts';
import type { Signal } from '../../../src/signals/report.ts';
import {
  aHost,
  anOrder,
  drive,
  LAYOUT,
  NEW,
  NEW_VERSION,
  OLD,
  orchestratorWith,
  URL_OF_NEW,
  withDigest,
} from '../../support/agent-drive.ts';
import { binaryOf } from '../../support/simulated-binary.ts';
import type { SimulatedHost } from '../../support/simulated-host.ts';

interface Trouble {
  readonly name: string;
  readonly host: () => SimulatedHost;
  readonly order?: (host: SimulatedHost) => ReturnType<typeof orchestratorWith>;
  readonly phase: Signal['phase'];
  readonly class?: Signal['class'];
  readonly reason?: string;
  readonly message?: RegExp;
  readonly live: string;
}

function fetching(error: DownloadError): SimulatedHost {
  const host = aHost();
  host.web.set(URL_OF_NEW, error);
  return host;
}

function failing(call: string, code: string): SimulatedHost {
  const host = aHost();
  host.errors.set(call, code);
  return host;
}

const TROUBLES: readonly Trouble[] = [
  {
    name: 'a URL that is not there',
    host: () => fetching(new DownloadError('wanted 200, found 404', { retryable: false })),
    phase: 'Failed',
    class: 'Environment',
    reason: 'DownloadFailed',
    message: /^wanted 200, found 404$/,
    live: OLD,
  },
  {
    name: 'a server that hangs until the time for staging is over',
    host: () => fetching(new DownloadError('it hangs', { retryable: true })),
    phase: 'Failed',
    class: 'Environment',
    reason: 'DownloadTimeout',
    message: /^not fetched within 600 s from https:\/\/releases\/k0s: it hangs$/,
    live: OLD,
  },
  {
    name: 'a disk too small for the copy',
    host: () => {
      const host = aHost();
      host.freeBytesIn.set(LAYOUT.binaryFolder, 10);
      return host;
    },
    phase: 'Failed',
    class: 'Environment',
    reason: 'DiskFull',
    message: /free bytes in \/usr\/local\/bin, found 10$/,
    live: OLD,
  },
  {
    name: 'a disk that fills up during the copy',
    host: () => failing('copy', 'ENOSPC'),
    phase: 'Failed',
    class: 'Environment',
    reason: 'DiskFull',
    live: OLD,
  },
  {
    name: 'a read-only /usr',
    host: () => failing('copy', 'EROFS'),
    phase: 'Failed',
    class: 'Environment',
    reason: 'SwapFailed',
    message: /^cannot prepare the swap of \/usr\/local\/bin\/k0s: EROFS/,
    live: OLD,
  },
  {
    name: 'a filesystem without hard links',
    host: () => failing('link', 'EPERM'),
    phase: 'Committed',
    live: NEW,
  },
  {
    name: 'a file with another digest, never run',
    host: aHost,
    order: () => () => withDigest(anOrder('apply'), 'something else'),
    phase: 'Failed',
    class: 'Artifact',
    reason: 'ChecksumMismatch',
    live: OLD,
  },
  {
    name: 'a file of another version',
    host: () => aHost(binaryOf('v1.36.4+k0s.0')),
    phase: 'Failed',
    class: 'Artifact',
    reason: 'VersionMismatch',
    live: OLD,
  },
  {
    name: 'a file that is no program',
    host: () => aHost('<html>'),
    phase: 'Failed',
    class: 'Artifact',
    reason: 'NotExecutable',
    live: OLD,
  },
  {
    name: 'a staged file that is changed while it is parked',
    host: aHost,
    order: (host) => {
      const goes = orchestratorWith('commit');
      return (signal) => {
        const order = goes(signal);
        if (order?.goal === 'apply' && signal?.phase === 'Staged') {
          host.overwrite(LAYOUT.staged, 'k0s evil');
        }
        return order;
      };
    },
    phase: 'Failed',
    class: 'Environment',
    reason: 'SwapFailed',
    message: /the staged file was changed, or the disk lies$/,
    live: OLD,
  },
  {
    name: 'a service manager that never restarts',
    host: () => failing('restart', 'ECONNREFUSED'),
    phase: 'Undone',
    class: 'Environment',
    reason: 'SwapFailed',
    message: /^v1\.36\.3\+k0s\.0 could not be started in time; v1\.36\.1\+k0s\.0 runs again$/,
    live: OLD,
  },
  {
    name: 'a release that runs and never answers',
    host: () => aHost(binaryOf(NEW_VERSION, 'silent')),
    phase: 'Undone',
    class: 'Artifact',
    reason: 'ConfirmTimeout',
    message:
      /^nobody confirmed v1\.36\.3\+k0s\.0 within 60 s of its restart; last seen: process \d+ runs, and the status socket does not answer: nobody listens; v1\.36\.1\+k0s\.0 runs again$/,
    live: OLD,
  },
  {
    name: 'a release that must not go back',
    host: () => aHost(binaryOf(NEW_VERSION, 'silent')),
    order: () => {
      let goal: 'apply' | 'commit' = 'apply';
      return (signal) => {
        if (signal?.phase === 'Held') goal = 'commit';
        return anOrder(goal, { undo: 'never' });
      };
    },
    phase: 'Committed',
    live: binaryOf(NEW_VERSION, 'silent'),
  },
];

describe('an agent meets', () => {
  for (const trouble of TROUBLES) {
    it(trouble.name, async () => {
      const host = trouble.host();
      const agent = await drive(host, trouble.order?.(host) ?? orchestratorWith('commit'));
      const signal = agent.signal();
      assert.equal(signal?.phase, trouble.phase, JSON.stringify(signal));
      assert.equal(signal?.class, trouble.class);
      assert.equal(signal?.reason, trouble.reason);
      if (trouble.message) assert.match(signal?.message ?? '', trouble.message);
      assert.equal(host.content(LAYOUT.binary), trouble.live);
      assert.equal(host.runs, trouble.live);
      if (trouble.reason === 'ChecksumMismatch') assert.deepEqual(host.executed, []);
      const left = host.paths().filter((path) => !/journal\.json|previous$|bin\/k0s$/.test(path));
      assert.deepEqual(left, [], 'nothing is left lying about');
    });
  }

  it('a previous binary that is gone when it is needed: it says so and leaves what runs', async () => {
    const host = aHost(binaryOf(NEW_VERSION, 'silent'));
    const goes = orchestratorWith(undefined);
    const agent = await drive(host, (signal) => {
      if (signal?.phase === 'OnTrial') void host.files.remove(LAYOUT.undo);
      return goes(signal);
    });
    const signal = agent.signal();
    assert.equal(signal?.phase, 'Failed');
    assert.match(
      signal?.message ?? '',
      /^wanted sha256 [0-9a-f]{64} \(v1\.36\.1\+k0s\.0\) at \/usr\/local\/bin\/\.k0s\.autopilot-undo, found no file: v1\.36\.3\+k0s\.0 is still in place$/,
    );
  });

  it('an update of an update: the binary of before the last committed one is kept', async () => {
    const host = aHost();
    await drive(host, orchestratorWith('commit'));
    const third = binaryOf('v1.36.4+k0s.0');
    host.addWhole(third);
    host.web.set('https://releases/third', third);
    const artifact = {
      kind: 'k0s',
      version: 'v1.36.4+k0s.0',
      url: 'https://releases/third',
      force: false,
    } as const;
    await drive(host, orchestratorWith('undo', { id: 'run2.0.1', artifact }));
    assert.equal(host.content(LAYOUT.binary), NEW);
    assert.equal(host.content(LAYOUT.previous), OLD);
    const agent = await drive(host, orchestratorWith('commit', { id: 'run3.0.1', artifact }));
    assert.equal(host.content(LAYOUT.binary), third);
    assert.equal(host.content(LAYOUT.previous), NEW);
    assert.equal(agent.journal.previous?.version, NEW_VERSION);
  });
});
