import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { API_VERSION } from '../api/meta.ts';
import { isTerminalState } from '../api/plan.ts';
import { withDefaults } from '../api/policy.ts';
import { ConfigError, readPolicy } from '../config.ts';
import { drainRulesOf } from '../drain/judge/drain-rules.ts';
import { messageOf } from '../errors.ts';
import { kindsOf, usesOf } from '../kube/api-check-client.ts';
import { connect, type Kube } from '../kube/client.ts';
import { lastRun, originHold } from '../plans/adopted.ts';
import { type ApiCheck, apisGoneIn, checkedVersions, describeMissing } from '../plans/api-check.ts';
import { clusterPolicy } from '../plans/cluster-policy.ts';
import { fixOf } from '../plans/explain-advice.ts';
import type { PlanFacts } from '../plans/facts.ts';
import { holdOf } from '../plans/hold.ts';
import { livePolicy } from '../plans/live-policy.ts';
import { othersOf } from '../plans/others.ts';
import { preview } from '../plans/preview.ts';
import { previewDrains } from '../plans/preview-drains.ts';
import { drainedBy, type PreviewReport, reportOf } from '../plans/preview-report.ts';
import type { QueuedPlan } from '../plans/queue.ts';
import { isUnderWay } from '../plans/run.ts';
import { type TrimmedPlan, trimPlan } from '../plans/trim-plan.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import { portOf } from './api-port.ts';
import type { ClusterOptions, Format } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { type ObservedCluster, observeCluster } from './preview-cluster.ts';
import { type PlanFile, readPlanFile } from './preview-file.ts';
import { previewText } from './preview-print.ts';
import { outputText } from './print-output.ts';
import { paintFor } from './print-paint.ts';
import { isExpected, troubleOf } from './print-trouble.ts';
import { unlessForbidden } from './unless-forbidden.ts';

const API_CHECK_TIMEOUT_MS = 30_000;

export interface PreviewOptions extends ClusterOptions {
  readonly filename?: string;
  readonly policy?: string;
  readonly apiPort: string;
}

/** Reads the cluster, writes nothing, and prints what a Plan would do. @returns the exit code */
export async function runPreview(
  name: string | undefined,
  options: PreviewOptions,
): Promise<number> {
  let kube: Kube | undefined;
  try {
    const file = options.filename === undefined ? undefined : await read(options.filename, name);
    if (file === undefined && name === undefined) {
      throw new ConfigError('wanted -f FILE or the name of a Plan that is stored, found neither');
    }
    const policy = await readPolicy(options.policy);
    kube = connect({ ...options, version: AUTOPILOT_VERSION });
    const cluster = await observeCluster(kube, portOf(options.apiPort));
    const plan = file === undefined ? stored(cluster, name!) : applied(file, cluster);
    const kindsRead = kindsOf(kube, AbortSignal.timeout(API_CHECK_TIMEOUT_MS));
    const [apiCheck, kinds] = await Promise.all([
      checkApis(kube, plan),
      unlessForbidden<Kinds>(kindsRead, { missingFields: [], installedAtMs: undefined }),
    ]);
    const report = judge(
      { plan, apiCheck, kinds, file },
      clusterPolicy(policy, cluster.updatePolicy),
      cluster,
    );
    print(report, options.output);
    return report.outcome === 'completes' ? EXIT.fine : EXIT.refused;
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    const { sentence, exitCode } = troubleOf(thrown, kube?.server ?? '');
    process.stderr.write(`autopilot preview: ${sentence}\n`);
    return exitCode;
  } finally {
    await kube?.close();
  }
}

async function read(path: string, name: string | undefined): Promise<PlanFile> {
  let content: string;
  try {
    content = path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
  } catch (thrown) {
    throw new ConfigError(`${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
  return readPlanFile(content, path, name);
}

function stored({ plans }: ObservedCluster, name: string): TrimmedPlan {
  const plan = plans.find((one) => one.name === name);
  if (plan !== undefined) return plan;
  const names = plans.map((one) => one.name).join(', ') || 'none';
  throw new ConfigError(`no Plan ${name} is stored, found ${names}; to look at a file: -f FILE`);
}

/** Whoever previews may not be allowed to list all that the orchestrator is. */
async function checkApis(kube: Kube, { spec }: TrimmedPlan): Promise<ApiCheck> {
  if ('invalid' in spec) return { kind: 'known', inUse: [] };
  const deadline = AbortSignal.timeout(API_CHECK_TIMEOUT_MS);
  try {
    const inUse = await usesOf(kube, apisGoneIn(checkedVersions(spec)), deadline);
    return { kind: 'known', inUse };
  } catch (thrown) {
    return { kind: 'unknown', message: messageOf(thrown) };
  }
}

/** As the API server would store it: in the place of one of its name, which keeps its age. */
function applied({ name, spec }: PlanFile, { plans }: ObservedCluster): TrimmedPlan {
  const before = plans.find((one) => one.name === name);
  const plan = trimPlan({
    apiVersion: API_VERSION,
    kind: 'Plan',
    metadata: { name, uid: before?.uid ?? 'preview', generation: (before?.generation ?? 0) + 1 },
    spec,
  });
  return {
    ...plan,
    status: before?.status,
    createdAtMs: before?.createdAtMs ?? Number.POSITIVE_INFINITY,
    appliedAtMs: Number.POSITIVE_INFINITY,
  };
}

type Kinds = Awaited<ReturnType<typeof kindsOf>>;

interface Previewed {
  readonly plan: TrimmedPlan;
  readonly apiCheck: ApiCheck;
  readonly kinds: Kinds;
  readonly file: PlanFile | undefined;
}

function judge(
  { plan, apiCheck, kinds, file }: Previewed,
  policy: PlanFacts['policy'],
  cluster: ObservedCluster,
): PreviewReport {
  const nowMs = Date.now();
  const isHeld = (other: QueuedPlan) => holdOf({ nowMs, policy, plan: other }) !== undefined;
  const facts: PlanFacts = {
    ...cluster.world,
    nowMs,
    sightedSinceMs: 0,
    plan: { ...plan, status: undefined },
    ...othersOf(plan, cluster.plans, { world: cluster.world, isHeld }),
    policy,
    epoch: 0,
    // A run would wait until it is known; the rest is worth to be seen without.
    apiCheck: apiCheck.kind === 'known' ? apiCheck : { kind: 'known', inUse: [] },
    gates: new Map(),
    baseline: { kind: 'stored' },
    jobs: new Map(),
  };
  const found = preview(
    facts,
    cluster.plans.map((one) => one.status),
  );
  const drains = previewDrains(
    drainedBy(found),
    cluster.pods,
    cluster.budgets,
    drainRulesOf(withDefaults(livePolicy(facts))),
  );
  return reportOf(facts, found, {
    drains,
    notes: [
      ...origin(plan, kinds),
      ...circumstances(plan, facts, found.brake, file),
      ...cluster.notes,
      ...(apiCheck.kind === 'known'
        ? []
        : [
            `whether an API that is in use goes with the version is not known: ${apiCheck.message}`,
          ]),
    ],
  });
}

/** What keeps a Plan from beginning, whatever its course would be. */
function origin(plan: TrimmedPlan, { missingFields, installedAtMs }: Kinds): string[] {
  if (missingFields.length > 0) return [`it would not begin: ${describeMissing(missingFields)}`];
  const { state } = plan.status ?? {};
  const held =
    isTerminalState(state) && lastRun(plan) === undefined
      ? `k0s has run it, and it ended ${state}; to let it run when it is edited: autopilot adopt`
      : originHold(plan, installedAtMs)?.message;
  return held === undefined ? [] : [`it would not begin: ${held}`];
}

/** What the course below leaves out. */
function circumstances(
  { name, status }: TrimmedPlan,
  { plansBefore: before }: PlanFacts,
  brake: string | undefined,
  file: PlanFile | undefined,
): string[] {
  const notes: string[] = [];
  if (isUnderWay(status)) {
    notes.push(
      `Plan ${name} is under way: this is what would follow, from the cluster as it is now; see: autopilot explain ${name}`,
    );
  } else if (file === undefined && status?.finishedAt !== undefined) {
    notes.push(
      `Plan ${name} has ended (${status.state}): it runs again only once its spec is edited`,
    );
  }
  if (before.length > 0) {
    notes.push(
      `Plan ${before.join(', ')} runs first: times and versions below are as if it were not there`,
    );
  }
  if (brake !== undefined) notes.push(`it would wait: ${brake}; below is its course once let go`);
  for (const field of file?.unknown ?? []) {
    notes.push(`${field}: no such field; the API server would drop it`);
  }
  return notes;
}

function print(report: PreviewReport, output: Format): void {
  const paint = paintFor(process.stdout, process.env);
  process.stdout.write(
    outputText(output, report, () => previewText(report, paint, fixOf, output === 'wide')),
  );
}
