import { createHash } from 'node:crypto';
import { AUTOPILOT_LABEL, JOB_LABELS } from '../api/job-labels.ts';
import { GROUP, NAMESPACE } from '../api/meta.ts';

/** What a Job is told of the run, as environment variables of each of its containers. */
export interface JobAbout {
  readonly plan: string;
  readonly runID: string;
  /** `BeforeBatch` */
  readonly point: string;
  readonly node: string | undefined;
  readonly batch: number | undefined;
  readonly version: string;
}

const MOST = 63;
const HASH = 10;
const FINISHED_FOR_S = 86_400;

/**
 * Names the Job of one thing that a run does once: the same for every leader, and another one for every other
 * hook, point, attempt and run.
 * @param name at most 40 characters
 */
export function jobName(name: string, ...identity: readonly string[]): string {
  return `autopilot-${name}-${digest([name, ...identity].join('\n'))}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH);
}

/**
 * The Job as the API server gets it. What the policy says of it stays, but for its time, which only gets
 * shorter: nothing of it is checked here, since the API server does, and says what is wrong.
 * @param spec of a Job of batch/v1
 * @param hook what it was begun for
 */
export function jobManifest(
  name: string,
  hook: string,
  spec: Readonly<Record<string, unknown>>,
  timeoutMs: number,
  about: JobAbout,
): Readonly<Record<string, unknown>> {
  const labels = {
    [AUTOPILOT_LABEL.key]: AUTOPILOT_LABEL.value,
    [JOB_LABELS.plan]: labelValue(about.plan),
    [JOB_LABELS.run]: about.runID,
    [JOB_LABELS.hook]: hook,
  };
  const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
  const own = spec.activeDeadlineSeconds;
  const template = asObject(spec.template);
  const pod = asObject(template.spec);
  const env = environment(about);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels,
      annotations: { [`${GROUP}/point`]: pointOf(about) },
    },
    spec: {
      backoffLimit: 0,
      ttlSecondsAfterFinished: FINISHED_FOR_S,
      ...spec,
      activeDeadlineSeconds: typeof own === 'number' ? Math.min(own, seconds) : seconds,
      template: {
        ...template,
        metadata: withLabels(template.metadata, labels),
        spec: {
          restartPolicy: 'Never',
          // A ServiceAccount of this namespace is named, or there is no credential.
          ...(pod.serviceAccountName === undefined ? { automountServiceAccountToken: false } : {}),
          ...pod,
          ...withEnvironment(pod, 'containers', env),
          ...withEnvironment(pod, 'initContainers', env),
        },
      },
    },
  };
}

function pointOf({ point, node, batch }: JobAbout): string {
  return [point, node ?? batch].filter((part) => part !== undefined).join('/');
}

function environment(about: JobAbout): { name: string; value: string }[] {
  return [
    { name: 'AUTOPILOT_PLAN', value: about.plan },
    { name: 'AUTOPILOT_RUN', value: about.runID },
    { name: 'AUTOPILOT_POINT', value: about.point },
    { name: 'AUTOPILOT_NODE', value: about.node ?? '' },
    { name: 'AUTOPILOT_BATCH', value: `${about.batch ?? ''}` },
    { name: 'AUTOPILOT_VERSION', value: about.version },
  ];
}

/** Ours last: what a Job hears of the run is true. */
function withEnvironment(
  pod: Readonly<Record<string, unknown>>,
  field: 'containers' | 'initContainers',
  env: readonly { readonly name: string }[],
): Record<string, unknown> {
  const containers = pod[field];
  if (!Array.isArray(containers)) return {};
  const names = new Set(env.map(({ name }) => name));
  return {
    [field]: containers.map((container: unknown) => {
      const { env: given } = asObject(container);
      const theirs = Array.isArray(given)
        ? given.filter((one: unknown) => !names.has(`${asObject(one).name}`))
        : [];
      return isObject(container) ? { ...container, env: [...theirs, ...env] } : container;
    }),
  };
}

function withLabels(metadata: unknown, labels: Readonly<Record<string, string>>) {
  const given = asObject(metadata);
  return { ...given, labels: { ...asObject(given.labels), ...labels } };
}

/** A label holds less than a name may. */
function labelValue(name: string): string {
  return name.length <= MOST ? name : `${name.slice(0, MOST - HASH - 1)}-${digest(name)}`;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
