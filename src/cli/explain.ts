import { LEADER_LEASE, NAMESPACE } from '../api/meta.ts';
import { ConfigError } from '../config.ts';
import { ApiError, isNotFound } from '../kube/api-error.ts';
import { connect, type Kube } from '../kube/client.ts';
import type { RawLease } from '../kube/raw.ts';
import { PLANS } from '../kube/target-path.ts';
import { explain, type Leader } from '../plans/explain.ts';
import { placeOf } from '../plans/queue.ts';
import { trimPlan } from '../plans/trim-plan.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import { EXIT } from './exit.ts';
import { explanationText } from './explain-print.ts';
import { list } from './preview-list.ts';
import { paintFor } from './print-paint.ts';
import { isExpected, troubleOf } from './print-trouble.ts';

export interface ExplainOptions {
  readonly kubeconfig?: string;
  readonly output: string;
}

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${LEADER_LEASE}`;

/** Prints why a Plan waits or has failed. @returns the exit code */
export async function runExplain(name: string, options: ExplainOptions): Promise<number> {
  let kube: Kube | undefined;
  try {
    kube = connect({ kubeconfig: options.kubeconfig, version: AUTOPILOT_VERSION });
    const [stored, leader] = await Promise.all([list(kube, PLANS), readLeader(kube)]);
    const plans = stored.map((raw) => trimPlan(raw));
    const plan = plans.find((one) => one.name === name);
    if (plan === undefined) {
      const names = plans.map((one) => one.name).join(', ') || 'none';
      throw new ConfigError(`no Plan ${name} is stored, found ${names}`);
    }
    const nowMs = Date.now();
    // What a policy holds, and what a selector selects, is known to the orchestrator, which says it in the status.
    const { before } = placeOf(plan, plans, { world: undefined, isHeld: () => false });
    const found = explain(plan, { plansBefore: before, leader, nowMs });
    const lines =
      options.output === 'json'
        ? [JSON.stringify(found, undefined, 2)]
        : explanationText(found, paintFor(process.stdout, process.env), nowMs);
    process.stdout.write(`${lines.join('\n')}\n`);
    return EXIT.fine;
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    const { sentence, exitCode } = troubleOf(thrown, kube?.server ?? '');
    process.stderr.write(`autopilot explain: ${sentence}\n`);
    return exitCode;
  } finally {
    await kube?.close();
  }
}

/** Who may read Plans may not always read Leases: the rest is explained all the same. */
async function readLeader(kube: Kube): Promise<Leader> {
  try {
    const { spec } = await kube.request<RawLease>('GET', LEASE);
    const holder = spec?.holderIdentity || undefined;
    const renewedMs = Date.parse(spec?.renewTime ?? '');
    if (holder === undefined || Number.isNaN(renewedMs)) return { kind: 'gone' };
    // Stamped by the holder's clock: compared with the API server's, both are kept by NTP or neither.
    const silentMs = (kube.serverClock.nowMs() ?? Date.now()) - renewedMs;
    const toleratedMs = (spec?.leaseDurationSeconds ?? 15) * 2_000;
    return silentMs > toleratedMs ? { kind: 'gone', holder, silentMs } : { kind: 'alive', holder };
  } catch (thrown) {
    if (isNotFound(thrown)) return { kind: 'gone' };
    if (thrown instanceof ApiError && thrown.status === 403) return { kind: 'unknown' };
    throw thrown;
  }
}
