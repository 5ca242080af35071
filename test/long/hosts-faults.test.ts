import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { BROKEN_CASES, FAULT_POLICY, playBroken } from '../support/cuts/broken.ts';
import { cutsFor, describeCut } from '../support/cuts/moments.ts';
import { playRound } from '../support/cuts/round.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { brokenRelease, NEW_VERSION, OLD_VERSION, type Release } from '../support/releases.ts';

const TIMEOUT_MS = 90 * 60_000;
const SEED = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** One cut on each of five hosts in each makes 40. Every fourth time the release is one that is undone. */
const ROUNDS = 8;
const isBroken = (round: number) => round % 4 === 3;

describe(`every fault on Debian hosts, seed ${SEED}`, {
  skip: whyNoHosts() ?? false,
  timeout: TIMEOUT_MS,
}, () => {
  let cluster: HostCluster;
  let answers = 0;
  before(async () => {
    cluster = await HostCluster.start({ controllers: 3, workers: 2, policy: FAULT_POLICY });
  });
  after(() => cluster?.stop());

  for (const broken of BROKEN_CASES) {
    test(`${broken.fault} on a ${broken.role} is undone or refused`, async (t) => {
      const { healedAfterMs, message } = await playBroken(cluster, broken);
      t.diagnostic(message);
      if (healedAfterMs !== undefined) {
        t.diagnostic(`healed ${(healedAfterMs / 1000).toFixed(1)} s after the swap`);
      }
    });
    test(`and a good Plan completes after ${broken.fault} on a ${broken.role}`, async () => {
      const version = answers++ % 2 === 0 ? NEW_VERSION : OLD_VERSION;
      const { plan } = await playRound(cluster, {
        name: `repair-${broken.fault}-${broken.role}`,
        release: { version },
        cuts: [],
      });
      assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status?.conditions));
    });
  }

  for (let i = 0; i < ROUNDS; i++) {
    test(`power cuts, round ${i + 1} of ${ROUNDS}`, async (t) => {
      const { version: runs } = await cluster.hosts[0]!.k0sStatus();
      const other = runs === OLD_VERSION ? NEW_VERSION : OLD_VERSION;
      const release: Release = isBroken(i) ? brokenRelease('version') : { version: other };
      const names = cluster.hosts.map(({ name }) => name);
      const cuts = cutsFor(names, SEED + i, isBroken(i));
      for (const cut of cuts) t.diagnostic(describeCut(cut));
      const { plan, made } = await playRound(cluster, { name: `cuts-${i + 1}`, release, cuts });
      for (const { cut, phase, version, backAfterMs } of made) {
        t.diagnostic(`${cut.host}: cut in ${phase}, ${version} answered ${backAfterMs} ms later`);
      }
      t.diagnostic(`the Plan is ${plan.status?.state}`);
    });
  }

  test('a good Plan completes after all of it', async () => {
    const release = { version: NEW_VERSION };
    const { plan } = await playRound(cluster, { name: 'repair', release, cuts: [] });
    assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status?.conditions));
  });
});
