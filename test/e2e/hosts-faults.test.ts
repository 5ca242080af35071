import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { BROKEN_CASES, FAULT_POLICY, playBroken } from '../support/cuts/broken.ts';
import { cutsFor, describeCut } from '../support/cuts/moments.ts';
import { playRound } from '../support/cuts/round.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { BROKEN_VERSION, NEW_VERSION, OLD_VERSION } from '../support/releases.ts';

const TIMEOUT_MS = 15 * 60_000;
const SEED = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Two that are broken as processes and two as files; all of them are in test/long. */
const isFile = ({ phase }: { phase: string }) => phase === 'Failed';
const isSlow = ({ fault }: { fault: string }) => fault === 'route' || fault === 'apiserver';
const [asProcesses, asFiles] = fc
  .sample(
    fc.tuple(
      fc.shuffledSubarray(
        BROKEN_CASES.filter((one) => !isFile(one) && !isSlow(one)),
        { minLength: 1, maxLength: 1 },
      ),
      fc.shuffledSubarray(BROKEN_CASES.filter(isFile), { minLength: 2, maxLength: 2 }),
    ),
    { seed: SEED, numRuns: 1 },
  )
  .at(0)!;

describe(`Debian hosts, seed ${SEED}`, {
  skip: whyNoHosts() ?? false,
  timeout: TIMEOUT_MS,
}, () => {
  let cluster: HostCluster;
  before(async () => {
    cluster = await HostCluster.start({ controllers: 3, workers: 2, policy: FAULT_POLICY });
  });
  after(() => cluster?.stop());

  for (const broken of [...asFiles, ...asProcesses]) {
    test(`are rid of a release with the fault ${broken.fault} on a ${broken.role}`, async (t) => {
      const { healedAfterMs, message } = await playBroken(cluster, broken);
      t.diagnostic(message);
      if (healedAfterMs !== undefined) {
        t.diagnostic(`healed ${(healedAfterMs / 1000).toFixed(1)} s after the swap`);
      }
    });
  }

  test('come back with a whole k0s from a power cut each, and the Plan says the truth', async (t) => {
    const cuts = cutsFor(
      cluster.hosts.map(({ name }) => name),
      SEED,
    );
    for (const cut of cuts) t.diagnostic(describeCut(cut));
    const { plan, made } = await playRound(cluster, {
      name: 'cuts',
      release: { version: NEW_VERSION },
      cuts,
    });
    for (const { cut, phase, version, backAfterMs } of made) {
      t.diagnostic(`${cut.host}: cut in ${phase}, ${version} answered ${backAfterMs} ms later`);
      assert.ok([OLD_VERSION, NEW_VERSION].includes(version), version);
      assert.notEqual(version, BROKEN_VERSION);
    }
    t.diagnostic(`the Plan is ${plan.status?.state}`);
  });

  test('are all updated by a good Plan afterwards', async () => {
    const { plan } = await playRound(cluster, {
      name: 'repair',
      release: { version: NEW_VERSION },
      cuts: [],
    });
    assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status?.conditions));
  });
});
