import { JOB_LABELS } from '../api/job-labels.ts';
import { NAMESPACE } from '../api/meta.ts';
import type { Log } from '../log.ts';
import type { Action, JobFacts } from '../plans/facts.ts';
import { ApiError, isAlreadyExists } from './api-error.ts';
import type { Kube } from './client.ts';
import { type Informer, startInformer } from './informer.ts';
import { FIELD_MANAGER } from './patch-target.ts';
import { JOBS } from './target-path.ts';
import { type TrimmedJob, trimJob } from './trim-job.ts';

export interface JobClientOptions {
  readonly kube: Kube;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onChange: () => void;
  readonly onHealth: () => void;
}

/** Begins the Jobs of hooks and gates, and knows what became of them. */
export interface JobClient {
  readonly informer: Informer<TrimmedJob>;
  /**
   * Safe to repeat: a Job of the name that is there already is the one that was meant. One that the API server
   * does not take has failed, with its words.
   * @throws ApiError where a later try may be taken, ApiUnreachableError
   */
  readonly begin: (job: Extract<Action, { kind: 'job' }>, signal?: AbortSignal) => Promise<void>;
  /** By name. */
  facts(): Map<string, JobFacts>;
}

export function startJobClient({
  kube,
  log,
  signal,
  onChange,
  onHealth,
}: JobClientOptions): JobClient {
  /** What was begun and the watch has not told of yet. */
  const begun = new Set<string>();
  const refused = new Map<string, string>();
  const informer = startInformer<TrimmedJob>({
    ...{ kube, log, signal, onHealth },
    path: JOBS,
    query: { labelSelector: JOB_LABELS.run },
    trim: trimJob,
    onChange: ({ object }) => {
      begun.delete(object.name);
      onChange();
    },
  });
  return {
    informer,
    async begin({ name, manifest }, abort) {
      try {
        await kube.request('POST', JOBS, {
          query: { fieldManager: FIELD_MANAGER },
          body: manifest,
          signal: abort,
        });
        refused.delete(name);
      } catch (thrown) {
        if (thrown instanceof ApiError && !thrown.retryable && thrown.status !== 401) {
          log.warn({ job: name, error: thrown.message }, 'Job refused');
          refused.set(name, thrown.message);
          onChange();
          return;
        }
        if (!isAlreadyExists(thrown)) throw thrown;
      }
      if (informer.get(`${NAMESPACE}/${name}`) === undefined) begun.add(name);
    },
    facts() {
      const facts = new Map<string, JobFacts>();
      for (const name of begun) facts.set(name, { state: 'Running', message: '' });
      for (const [name, message] of refused) facts.set(name, { state: 'Failed', message });
      for (const job of informer.values()) facts.set(job.name, job);
      return facts;
    },
  };
}
