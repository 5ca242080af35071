import { DEFINITION, VERSION } from '../api/meta.ts';
import type { RemovedApi } from '../api/removed-apis.ts';
import { messageOf } from '../errors.ts';
import { pagesOf } from '../gates/pages-client.ts';
import type { Log } from '../log.ts';
import {
  type ApiCheck,
  apisGoneIn,
  describeMissing,
  missingFields,
  type PlanSchema,
  type RemovedApiUse,
} from '../plans/api-check.ts';
import { isNotFound } from './api-error.ts';
import type { Kube } from './client.ts';
import { keyOf, type RawObject } from './raw.ts';

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Of the discovery of the API server, as far as we read it. */
interface RawGroups {
  readonly groups: readonly {
    readonly name: string;
    readonly versions: readonly { readonly version: string }[];
  }[];
}
interface RawResources {
  readonly resources: readonly { readonly name: string; readonly kind: string }[];
}

/**
 * Counts the objects that are served under one of these versions and under none that survives: the API server
 * offers every object of a kind under all versions that it serves, which alone says nothing of its use.
 * @param gone APIs that a version to come does not have
 * @throws as {@link Kube.request} does
 * @see k0s pkg/autopilot/checks
 */
export async function usesOf(
  kube: Kube,
  gone: readonly RemovedApi[],
  signal: AbortSignal,
): Promise<RemovedApiUse[]> {
  if (gone.length === 0) return [];
  const { groups } = await kube.request<RawGroups>('GET', '/apis', { signal });
  const served = new Map(
    groups.map(({ name, versions }) => [name, new Set(versions.map((one) => one.version))]),
  );
  const uses: RemovedApiUse[] = [];
  for (const api of gone) {
    const { group, version, survivesAs } = api;
    if (served.get(group)?.has(version) !== true) continue;
    const resource = await resourceOf(kube, `/apis/${group}/${version}`, api, signal);
    if (resource === undefined) continue;
    const left = await namesOf(kube, `/apis/${group}/${version}/${resource}`, signal);
    if (left.size > 0 && survivesAs !== undefined && served.get(group)?.has(survivesAs) === true) {
      const path = `/apis/${group}/${survivesAs}`;
      const survivor = await resourceOf(kube, path, api, signal);
      const alive =
        survivor === undefined ? [] : await namesOf(kube, `${path}/${survivor}`, signal);
      for (const name of alive) left.delete(name);
    }
    if (left.size > 0) uses.push({ api, resource, objects: left.size });
  }
  return uses;
}

/** @returns the plural; undefined where this version does not have the kind */
async function resourceOf(
  kube: Kube,
  path: string,
  { kind }: RemovedApi,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { resources } = await kube.request<RawResources>('GET', path, { signal });
  return resources.find((one) => one.kind === kind && !one.name.includes('/'))?.name;
}

async function namesOf(kube: Kube, path: string, signal: AbortSignal): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const page of pagesOf<RawObject>(kube, path, {}, signal)) {
    for (const { metadata } of page) names.add(keyOf(metadata));
  }
  return names;
}

interface RawDefinition extends RawObject {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly schema?: { readonly openAPIV3Schema?: PlanSchema };
    }[];
  };
}

/** What the API server knows of our kinds. @throws as {@link Kube.request} does */
export async function kindsOf(
  kube: Kube,
  signal: AbortSignal,
): Promise<{
  readonly missingFields: readonly string[];
  readonly installedAtMs: number | undefined;
}> {
  const [plans, installation] = await Promise.all([
    definition(kube, DEFINITION.plans, signal),
    definition(kube, DEFINITION.installation, signal),
  ]);
  const installedAtMs = Date.parse(installation?.metadata.creationTimestamp ?? '');
  return {
    missingFields: missingOf(plans),
    installedAtMs: Number.isNaN(installedAtMs) ? undefined : installedAtMs,
  };
}

/** What the stored definition of Plans lacks. @throws as {@link Kube.request} does */
export async function lostFields(kube: Kube, signal: AbortSignal): Promise<readonly string[]> {
  return missingOf(await definition(kube, DEFINITION.plans, signal));
}

function missingOf(plans: RawDefinition | undefined): readonly string[] {
  const version = plans?.spec.versions.find(({ name }) => name === VERSION);
  return missingFields(version?.schema?.openAPIV3Schema);
}

async function definition(
  kube: Kube,
  name: string,
  signal: AbortSignal,
): Promise<RawDefinition | undefined> {
  try {
    return await kube.request<RawDefinition>('GET', `${DEFINITIONS}/${name}`, { signal });
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

export interface ApiCheckClient {
  /**
   * Replaces the versions that Plans which are about to begin would bring. Undefined: no Plan is; then nothing
   * is asked, and what was answered is forgotten: what is asked for later is looked at anew.
   */
  watch(versions: ReadonlySet<string> | undefined): void;
  /** When our kinds came, once it was asked for; it stays so. */
  readonly installedAtMs: number | undefined;
  /** @returns undefined while it is being asked for the first time since these versions are watched */
  check(): ApiCheck | undefined;
}

export interface ApiCheckOptions {
  readonly kube: Kube;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called when {@link ApiCheckClient.check} may say something new. */
  readonly onChange: () => void;
}

/** A Plan may wait for its window for a week; what it finds then is not from before. */
const FRESH_MS = 30_000;
const RETRY_MS = 3_000;

export function createApiCheckClient({
  kube,
  log,
  signal,
  onChange,
}: ApiCheckOptions): ApiCheckClient {
  let wanted: string | undefined;
  let installedAtMs: number | undefined;
  let gone: readonly RemovedApi[] = [];
  let found: { readonly check: ApiCheck; readonly atMs: number } | undefined;
  let isAsking = false;

  async function ask(): Promise<void> {
    isAsking = true;
    const asked = wanted;
    let check: ApiCheck;
    try {
      const [inUse, kinds] = await Promise.all([usesOf(kube, gone, signal), kindsOf(kube, signal)]);
      installedAtMs = kinds.installedAtMs ?? installedAtMs;
      check = { kind: 'known', inUse, ...kinds };
      if (kinds.missingFields.length > 0) log.error({}, describeMissing(kinds.missingFields));
    } catch (thrown) {
      check = { kind: 'unknown', message: messageOf(thrown) };
      if (!signal.aborted)
        log.warn({ error: check.message }, 'the API server could not be asked what it has');
    }
    isAsking = false;
    if (signal.aborted) return;
    // Other versions may have come to be wanted meanwhile.
    if (asked === wanted) found = { check, atMs: performance.now() };
    onChange();
  }

  return {
    watch(versions) {
      const key = versions && [...versions].sort().join(' ');
      if (key !== wanted) {
        wanted = key;
        gone = apisGoneIn(versions ?? []);
        found = undefined;
      }
      if (key === undefined || isAsking || signal.aborted) return;
      const restMs = found !== undefined && isWell(found.check) ? FRESH_MS : RETRY_MS;
      if (found === undefined || performance.now() - found.atMs >= restMs) void ask();
    },
    check: () => found?.check,
    get installedAtMs() {
      return installedAtMs;
    },
  };
}

function isWell(check: ApiCheck): boolean {
  return check.kind === 'known' && (check.missingFields?.length ?? 0) === 0;
}
