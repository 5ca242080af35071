import type { JobFacts } from '../plans/facts.ts';
import type { RawObject } from './raw.ts';

/** What is kept of a Job. */
export interface TrimmedJob extends JobFacts {
  readonly name: string;
  readonly namespace: string;
  readonly resourceVersion: string;
}

interface RawJob extends RawObject {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

export function trimJob(raw: unknown): TrimmedJob {
  const { metadata, status } = raw as RawJob;
  const holds = (type: string) =>
    status?.conditions?.find((one) => one.type === type && one.status === 'True');
  const failed = holds('Failed');
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    resourceVersion: metadata.resourceVersion,
    state: failed ? 'Failed' : holds('Complete') ? 'Succeeded' : 'Running',
    message: [failed?.reason, failed?.message].filter(Boolean).join(': '),
  };
}
