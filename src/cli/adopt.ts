import { ANNOTATION, DEFINITION } from '../api/meta.ts';
import { isTerminalState } from '../api/plan.ts';
import { ConfigError } from '../config.ts';
import { isNotFound } from '../kube/api-error.ts';
import { CONTENT_TYPE, connect, type Kube } from '../kube/client.ts';
import { PLANS, targetPath } from '../kube/target-path.ts';
import { isFromBefore, isLeftHalfRun } from '../plans/adopted.ts';
import {
  type AdoptionCheck,
  type AdoptionFacts,
  judgeAdoption,
  judgeReturn,
} from '../plans/adoption.ts';
import type { TrimmedPlan } from '../plans/trim-plan.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import { compare, observeAdoption } from './adopt-cluster.ts';
import { type Manifest, readManifests } from './adopt-manifests.ts';
import { adoptionText } from './adopt-print.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { outputText } from './print-output.ts';
import { paintFor } from './print-paint.ts';
import { isExpected, troubleOf } from './print-trouble.ts';

export interface AdoptOptions extends ClusterOptions {
  readonly check?: boolean;
  readonly run?: readonly string[];
  readonly back?: boolean;
  readonly manifests?: string;
}

const FIELD_MANAGER = 'autopilot-cli';

/** Says what is left to do to move over, or does it. @returns the exit code */
export async function runAdopt(options: AdoptOptions): Promise<number> {
  let kube: Kube | undefined;
  try {
    if (options.back === true && options.run !== undefined) {
      throw new ConfigError('wanted --back or --run, found both');
    }
    const manifests = await readManifests(options.manifests);
    kube = connect({ ...options, version: AUTOPILOT_VERSION });
    const found = await observeAdoption(kube, manifests);
    const judge = options.back === true ? judgeReturn : judgeAdoption;
    const before = judge(found);
    if (options.check === true) return print({ done: [], checks: before }, options);
    if (before.some(({ outcome }) => outcome === 'blocked')) {
      process.stderr.write('autopilot adopt: nothing was changed; first end what is blocked:\n');
      return print({ done: [], checks: before }, options);
    }
    if (options.back === true) {
      const done = await goBack(kube, manifests, found);
      return print({ done, checks: leftByReturn() }, options);
    }
    const done = [
      ...(await makeMissing(kube, manifests, found)),
      ...(await markPlans(kube, options.run ?? [])),
    ];
    const after = judgeAdoption(await observeAdoption(kube, manifests));
    return print({ done, checks: after }, options);
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    const { sentence, exitCode } = troubleOf(thrown, kube?.server ?? '');
    process.stderr.write(`autopilot adopt: ${sentence}\n`);
    return exitCode;
  } finally {
    await kube?.close();
  }
}

interface Told {
  readonly done: readonly string[];
  readonly checks: readonly AdoptionCheck[];
}

function print({ done, checks }: Told, { output }: AdoptOptions): number {
  const text = () => [
    ...done.map((one) => `done    ${one}`),
    ...adoptionText(checks, paintFor(process.stdout, process.env)),
  ];
  process.stdout.write(outputText(output, { done, checks }, text));
  const isLeft = checks.some(({ outcome }) => outcome === 'todo' || outcome === 'blocked');
  return isLeft ? EXIT.refused : EXIT.fine;
}

/** Only what is not there: what an administrator has changed stays so. */
async function makeMissing(
  kube: Kube,
  manifests: readonly Manifest[],
  { missingFields }: AdoptionFacts,
): Promise<string[]> {
  const missing = new Set((await compare(kube, manifests)).missing);
  const done: string[] = [];
  for (const one of manifests) {
    const isOverwritten = missingFields.length > 0 && one.name.endsWith(` ${DEFINITION.plans}`);
    if (!missing.has(one) && !isOverwritten) continue;
    await kube.request('PATCH', one.path, {
      query: { fieldManager: FIELD_MANAGER, force: true },
      contentType: CONTENT_TYPE.apply,
      body: one.object,
    });
    done.push(`${one.name} made`);
  }
  return done;
}

/** @throws ConfigError where a Plan that should run is none of before us */
async function markPlans(kube: Kube, run: readonly string[]): Promise<string[]> {
  const { plans, installedAtMs } = await observeAdoption(kube, []);
  const past = plans.filter((plan) => isOfK0s(plan, installedAtMs));
  const stranger = run.find((name) => !past.some((plan) => plan.name === name));
  if (stranger !== undefined) {
    const names = past.map(({ name }) => name).join(', ') || 'none';
    throw new ConfigError(
      `wanted a Plan from before our installation, found ${stranger}, which is none; there are ${names}`,
    );
  }
  const done: string[] = [];
  for (const { name, generation, adopted, resourceVersion } of past) {
    const wanted = run.includes(name) ? generation - 1 : generation;
    // What was said of it once holds until somebody says otherwise.
    if (adopted === wanted || (adopted !== undefined && !run.includes(name))) continue;
    await kube.request('PATCH', `${PLANS}/${encodeURIComponent(name)}`, {
      query: { fieldManager: FIELD_MANAGER },
      contentType: CONTENT_TYPE.mergePatch,
      body: {
        metadata: { resourceVersion, annotations: { [ANNOTATION.adopted]: String(wanted) } },
      },
    });
    done.push(
      run.includes(name)
        ? `Plan ${name} runs now`
        : `Plan ${name} left to the past: it runs once its spec is edited, or by autopilot adopt --run ${name}`,
    );
  }
  return done;
}

function isOfK0s(plan: TrimmedPlan, installedAtMs: number | undefined): boolean {
  const { status } = plan;
  if (isLeftHalfRun(plan)) return true;
  if (isTerminalState(status?.state)) return status?.observedGeneration === undefined;
  return isFromBefore({ ...plan, adopted: undefined }, installedAtMs);
}

/** Takes away what would keep k0s from its work: what it writes itself is written by it. */
async function goBack(
  kube: Kube,
  manifests: readonly Manifest[],
  { hosts, plans }: AdoptionFacts,
): Promise<string[]> {
  const done: string[] = [];
  const isInTheWay = ({ object }: Manifest) => object.kind.startsWith('ValidatingAdmissionPolicy');
  // The binding first: a policy without one does nothing.
  for (const one of manifests.filter(isInTheWay).reverse()) {
    if (await removed(kube, one.path)) done.push(`${one.name} deleted`);
  }
  for (const { role, name } of hosts.filter(({ hasAgent }) => hasAgent)) {
    await removeAnnotation(kube, targetPath(role, name), ANNOTATION.report);
    done.push(`the report of ${name} taken away`);
  }
  for (const { name } of plans.filter(({ adopted }) => adopted !== undefined)) {
    await removeAnnotation(kube, `${PLANS}/${encodeURIComponent(name)}`, ANNOTATION.adopted);
    done.push(`the mark of Plan ${name} taken away`);
  }
  return done;
}

function leftByReturn(): AdoptionCheck[] {
  const after = (sentence: string, ...next: readonly string[]) =>
    ({ outcome: 'note', subject: 'next', sentence, next }) as const;
  return [
    after(
      'our agents off, where they still run',
      'systemctl disable --now autopilot-agent autopilot-settle  # on every host',
    ),
    after(
      "k0s's own Autopilot on again; it writes its definition of Plans over ours by itself",
      'k0s install controller --force ...  # on every controller, without --disable-components=autopilot; then restart it',
    ),
    after(
      'what is left of ours, history and policies of updates included, once nobody wants it any more',
      'kubectl delete -f deploy/rbac.yaml',
      `kubectl delete crd ${DEFINITION.installation} quarantinedartifacts.extensions.autopilot.k0sproject.io updateruns.extensions.autopilot.k0sproject.io plantargets.extensions.autopilot.k0sproject.io`,
    ),
  ];
}

async function removed(kube: Kube, path: string): Promise<boolean> {
  try {
    await kube.request('DELETE', path);
    return true;
  } catch (thrown) {
    if (isNotFound(thrown)) return false;
    throw thrown;
  }
}

async function removeAnnotation(kube: Kube, path: string, key: string): Promise<void> {
  await kube.request('PATCH', path, {
    query: { fieldManager: FIELD_MANAGER },
    contentType: CONTENT_TYPE.mergePatch,
    body: { metadata: { annotations: { [key]: null } } },
  });
}
