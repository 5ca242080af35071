import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { API_VERSION, EXTENSIONS_API_VERSION } from '../../../src/api/meta.ts';
import { type UpdateConfig, updateConfigSchema } from '../../../src/api/update-config.ts';
import {
  anIndex,
  type ChannelServer,
  type IndexOptions,
  signed,
  startChannelServer,
} from '../../support/channel-server.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { thisPlatform } from '../../support/manifests.ts';
import { minisignKeys } from '../../support/minisign-keys.ts';
import { hasEnded } from '../../support/plans.ts';
import {
  BROKEN_VERSION,
  brokenRelease,
  FIXED_VERSION,
  NEW_VERSION,
  OLD_VERSION,
} from '../../support/releases.ts';

/** Two automatic updates in a row, a bad release between them, and every answer that is not to be believed. */

const keys = minisignKeys();
const strangers = minisignKeys(Buffer.from('fedcba9876543210', 'hex'));
const DAY_MS = 86_400_000;

let cluster: Cluster;
let server: ChannelServer;
let fresh: Offer;
let bad: Offer;
let fixed: Offer;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 1, orchestrators: 2 });
  server = await startChannelServer();
  fresh = await cluster.offer({ version: NEW_VERSION });
  bad = await cluster.offer(brokenRelease('exits'));
  fixed = await cluster.offer({ version: FIXED_VERSION });
});
after(async () => {
  await cluster?.stop();
  await server?.close();
});

const signedIndex = (options: IndexOptions) => signed(anIndex(options), keys);
const mends = { severity: 'high', cves: ['CVE-2026-1234'] };

const policy = (spec: object) => ({
  apiVersion: EXTENSIONS_API_VERSION,
  kind: 'UpdatePolicy',
  metadata: { name: 'default' },
  spec,
});

function config(over: object = {}) {
  return {
    apiVersion: API_VERSION,
    kind: 'UpdateConfig',
    metadata: { name: 'patches', finalizers: ['updateconfig.autopilot.k0sproject.io'] },
    spec: {
      channel: 'stable',
      updateServer: server.origin,
      upgradeStrategy: { type: 'periodic', periodic: { startTime: '00:00', length: '24h' } },
      planSpec: {
        commands: [
          {
            k0supdate: {
              targets: {
                controllers: { discovery: { selector: {} } },
                workers: { discovery: { selector: {} } },
              },
            },
          },
        ],
      },
      ...over,
    },
  };
}

async function read(): Promise<UpdateConfig> {
  const { stdout } = await cluster.tryKubectl(['get', 'updateconfig', 'patches', '-o', 'json']);
  return updateConfigSchema.parse(JSON.parse(stdout));
}

async function until(
  what: string,
  isSo: (status: NonNullable<UpdateConfig['status']>) => boolean,
  timeoutMs = 120_000,
): Promise<NonNullable<UpdateConfig['status']>> {
  return (await eventually(
    `the UpdateConfig ${what}`,
    async () => {
      const { status } = await read();
      if (status && isSo(status)) return status;
      throw new Error(`it is ${JSON.stringify(status)}`);
    },
    { timeoutMs, everyMs: 300 },
  )) as NonNullable<UpdateConfig['status']>;
}

const condition = (status: UpdateConfig['status'], type: string) =>
  status?.conditions?.find((one) => one.type === type);

async function versions(): Promise<string[]> {
  return Promise.all(cluster.hosts.map(async (host) => (await host.k0sStatus()).version));
}

test('an update that a channel offers becomes a Plan, though the leader is killed when it has the index', async () => {
  await cluster.apply(policy({ channels: { poll: '1s' }, trust: { keys: [keys.publicKey] } }));
  await cluster.kubectl(
    ...['create', 'secret', 'generic', 'update-server-token', '-n', 'kube-system'],
    '--from-literal=token=secret-of-the-server',
  );
  server.serve(
    signedIndex({ epoch: 1, releases: [{ version: NEW_VERSION, offer: fresh, ...mends }] }),
  );
  const killed: Promise<void>[] = [];
  server.onAsked = () => {
    server.onAsked = () => {};
    // Whoever leads has asked; the other one only follows.
    killed.push(...cluster.orchestrators.map((one) => one.kill()));
  };
  await cluster.apply(config());
  const done = await until(
    'to tell that the update is done',
    ({ plan }) => plan?.finishedAt !== undefined,
    480_000,
  );
  await Promise.all(killed);
  assert.equal(killed.length, 2);
  assert.equal(done.plan?.state, 'Completed', JSON.stringify(done));
  assert.equal(done.plan?.id, `patches:${NEW_VERSION}:1`);
  assert.equal(done.plan?.from, OLD_VERSION);
  assert.deepEqual(await versions(), [NEW_VERSION, NEW_VERSION]);
  const plan = (await cluster.plan('autopilot'))!;
  assert.equal(plan.metadata.generation, 1, 'one Plan, written once');
  const { headers } = server.http.seen[0]!;
  assert.equal(server.http.seen[0]?.url, '/stable/index.yaml');
  assert.equal(headers.authorization, 'Bearer secret-of-the-server');
  assert.equal(headers.k0s_controlplanenodescount, '1');
  assert.match(String(headers.k0s_clusterid), /^kube-system:[0-9a-f-]{36}$/);
  assert.equal(headers.k0s_version, OLD_VERSION);
});

test('a bad release is undone, told and skipped, and its fix overtakes it', async () => {
  const both = [
    { version: NEW_VERSION, offer: fresh, ...mends },
    { version: BROKEN_VERSION, offer: bad, severity: 'low' },
  ];
  server.serve(signedIndex({ epoch: 2, releases: both }));
  const failed = await until(
    'to tell that the release has failed',
    ({ plan }) => plan?.version === BROKEN_VERSION && plan.finishedAt !== undefined,
    480_000,
  );
  assert.equal(failed.plan?.state, 'ApplyFailed');
  assert.equal(failed.failures?.[0]?.version, BROKEN_VERSION);
  assert.equal(failed.failures?.[0]?.undone, true);
  const skipped = await until(
    'to skip it',
    ({ skipped: list }) => list?.[0]?.version === BROKEN_VERSION,
  );
  assert.equal(skipped.skipped?.[0]?.reason, 'Quarantined');
  assert.match(skipped.skipped?.[0]?.message ?? '', /kubectl delete quarantinedartifact v1-36-4-/);
  assert.equal(condition(skipped, 'UpToDate')?.reason, 'Quarantined');
  assert.deepEqual(await versions(), [NEW_VERSION, NEW_VERSION]);

  server.serve(
    signedIndex({
      epoch: 3,
      releases: [...both, { version: FIXED_VERSION, offer: fixed, ...mends }],
    }),
  );
  const done = await until(
    'to tell that the fix is everywhere',
    ({ plan }) => plan?.version === FIXED_VERSION && plan.finishedAt !== undefined,
    480_000,
  );
  assert.equal(done.plan?.state, 'Completed', JSON.stringify(done));
  assert.deepEqual(await versions(), [FIXED_VERSION, FIXED_VERSION]);
  const current = await until(
    'to be up to date',
    (status) => condition(status, 'UpToDate')?.status === 'True',
  );
  assert.equal(current.currentVersion, FIXED_VERSION);
  assert.equal(current.nextVersion, undefined);
  const exposed = current.releases?.find(({ version }) => version === FIXED_VERSION);
  assert.equal(exposed?.behind, 0);
  assert.ok(exposed?.doneAt !== undefined);
  // Two machines, for a day and a little more.
  assert.ok(exposed.nodeHours > 47.9 && exposed.nodeHours < 50, `${exposed.nodeHours}`);
  const events = await cluster.kubectl('get', 'events', '-n', 'default', '-o', 'json');
  const reasons = (
    JSON.parse(events).items as { reason: string; involvedObject: { kind: string } }[]
  )
    .filter(({ involvedObject }) => involvedObject.kind === 'UpdateConfig')
    .map(({ reason }) => reason);
  for (const wanted of [
    'NewVersionAvailable',
    'UpdateStarted',
    'UpdateCompleted',
    'UpdateRolledBack',
  ]) {
    assert.ok(reasons.includes(wanted), `${wanted} is among ${reasons}`);
  }
});

const newer = () => ({ version: 'v1.36.9+k0s.0', offer: fixed });
const lies: [what: string, serve: () => void, reason: string, message: RegExp][] = [
  [
    'garbage',
    () => server.serve(signed(']]]not: [yaml\n', keys)),
    'IndexInvalid',
    /index\.yaml:1:/,
  ],
  [
    'huge',
    () => server.serve(Buffer.alloc(5_000_000, '# ')),
    'IndexTooLarge',
    /wanted at most 131072 bytes/,
  ],
  [
    'huge and of unknown length',
    () => {
      server.http.answer = (_request, response) => {
        response.writeHead(200);
        const more = () => {
          while (response.write(Buffer.alloc(65_536, '# '))) if (response.destroyed) return;
        };
        response.on('drain', more);
        more();
      };
    },
    'IndexTooLarge',
    /or more/,
  ],
  [
    'unsigned',
    () => server.serve(anIndex({ epoch: 9, releases: [newer()] })),
    'IndexUnsigned',
    /wanted a signature of key/,
  ],
  [
    'signed by a stranger',
    () => server.serve(signed(anIndex({ epoch: 9, releases: [newer()] }), strangers)),
    'IndexSignatureInvalid',
    /found one of key/,
  ],
  [
    'signed, and changed since',
    () => {
      const index = signedIndex({ epoch: 9, releases: [newer()] }).toString();
      server.serve(index.replace('epoch: 9', 'epoch: 8'));
    },
    'IndexSignatureInvalid',
    /is not of this content/,
  ],
  [
    'expired',
    () =>
      server.serve(
        signedIndex({
          epoch: 9,
          releases: [newer()],
          issuedMs: Date.now() - 2 * DAY_MS,
          expiresMs: Date.now() - DAY_MS,
        }),
      ),
    'IndexExpired',
    /expired at/,
  ],
  [
    'replayed',
    () => server.serve(signedIndex({ epoch: 2, releases: [newer()] })),
    'IndexReplayed',
    /wanted epoch 3 or later, found epoch 2/,
  ],
  [
    'another one of an epoch that was seen',
    () => server.serve(signedIndex({ epoch: 3, releases: [newer()] })),
    'IndexReplayed',
    /found another index of that epoch/,
  ],
  [
    'of another channel',
    () => server.serve(signedIndex({ epoch: 9, channel: 'edge', releases: [newer()] })),
    'IndexOfOtherChannel',
    /found that of "edge"/,
  ],
  [
    'a redirect out of the web',
    () => {
      server.http.answer = (_request, response) =>
        response.writeHead(302, { location: 'ftp://x/' }).end();
    },
    'RedirectRefused',
    /a redirect to ftp:/,
  ],
  [
    'an error',
    () => {
      server.http.answer = (_request, response) => response.writeHead(403).end('no');
    },
    'ServerRefused',
    /wanted 200, found 403/,
  ],
  [
    'moved backwards',
    () =>
      server.serve(signedIndex({ epoch: 4, releases: [{ version: NEW_VERSION, offer: fresh }] })),
    'ChannelBackwards',
    /offers v1\.36\.3\+k0s\.0 as its newest, while v1\.36\.5\+k0s\.0 runs on c1, w1/,
  ],
];
for (const [what, serve, reason, message] of lies) {
  test(`an index that is ${what}: nothing is ordered, and status says ${reason}`, async () => {
    const before = (await cluster.plan('autopilot'))!.metadata.resourceVersion;
    serve();
    const status = await until(`to say ${reason}`, (one) => {
      const followed = condition(one, 'Followed');
      return followed?.reason === reason && message.test(followed.message);
    });
    assert.equal(condition(status, 'Followed')?.status, 'False');
    assert.match(condition(status, 'Followed')?.message ?? '', /^nothing is ordered: /);
    const after = (await cluster.plan('autopilot'))!;
    assert.equal(after.metadata.resourceVersion, before, 'the Plan is as it was');
  });
}

test('a schedule that cannot be read is an error in status, and not a closed window', async () => {
  await cluster.apply(
    config({
      upgradeStrategy: {
        type: 'periodic',
        periodic: { days: ['Tues'], startTime: '22:00', length: '2h' },
      },
    }),
  );
  const status = await until(
    'to refuse the day',
    (one) => condition(one, 'Accepted')?.status === 'False',
  );
  assert.equal(condition(status, 'Accepted')?.reason, 'InvalidSchedule');
  assert.match(
    condition(status, 'Accepted')?.message ?? '',
    /periodic\.days: wanted a day such as Tuesday/,
  );
});

test("k0s's old protocol: asked by cron, and never followed downwards", async () => {
  const cron = { upgradeStrategy: { type: 'cron', cron: '*/2 * * * * *' } };
  const offering = (version: string) => {
    const platform = thisPlatform();
    const document = { version, downloadURLs: { k0s: { [platform]: fixed.url }, airgap: {} } };
    server.serve(JSON.stringify(document));
  };
  offering(NEW_VERSION);
  await cluster.apply(config(cron));
  await until(
    'to refuse what cannot be signed',
    (one) => condition(one, 'Followed')?.reason === 'IndexUnsigned',
  );
  await cluster.apply(policy({ channels: { poll: '1s' } }));
  await until(
    'to say that the channel points backwards',
    (one) => condition(one, 'Followed')?.reason === 'ChannelBackwards',
  );
  const asked = new URL(server.http.seen.at(-1)!.url, server.origin);
  assert.equal(asked.pathname, '/stable');
  assert.equal(asked.searchParams.get('currentVersion'), FIXED_VERSION);
  assert.equal(asked.searchParams.get('lastUpdateStatus'), 'Completed');
  assert.match(asked.searchParams.get('clusterID') ?? '', /^kube-system:/);
  offering(FIXED_VERSION);
  await until('to be up to date', (one) => condition(one, 'UpToDate')?.status === 'True');
});

test('an UpdateConfig that k0s has left its finalizer on can be deleted', async () => {
  await cluster.kubectl('delete', 'updateconfig', 'patches', '--timeout=30s');
  const plan = (await cluster.plan('autopilot'))!;
  assert.ok(hasEnded(plan));
});
