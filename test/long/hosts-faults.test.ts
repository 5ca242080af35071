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

/** To and fro, and every fourth time a release that is undone: one cut on each of five hosts makes 40. */
const ROUNDS: readonly Release[] = Array.from({ length: 8 }, (_, i) =>
  i % 4 === 3
    ? brokenRelease('version')
    : { version: Math.floor((i * 3) / 4) % 2 === 0 ? NEW_VERSION : OLD_VERSION },
);

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

  for (const [i, release] of ROUNDS.entries()) {
    test(`power cuts, round ${i + 1} of ${ROUNDS.length}`, async (t) => {
      const names = cluster.hosts.map(({ name }) => name);
      const cuts = cutsFor(names, SEED + i, release.fault !== undefined);
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
