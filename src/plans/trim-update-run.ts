import { type UpdateRunStatus, updateRunSchema } from '../api/update-run.ts';

/** What is kept of an UpdateRun: of one that has ended, little more than that. */
export interface TrimmedUpdateRun {
  readonly name: string;
  readonly resourceVersion: string;
  readonly plan: string;
  readonly planUID: string;
  readonly runID: string;
  /** Epoch milliseconds; of one that nothing is known of, when it was created. */
  readonly startedAtMs: number;
  readonly finishedAt: string | undefined;
  /** Undefined once it has ended. */
  readonly status: UpdateRunStatus | undefined;
}

/** What cannot be read was not written by us: it counts as a run of no Plan that has ended. */
export function trimUpdateRun(raw: unknown): TrimmedUpdateRun {
  const { metadata } = updateRunSchema.pick({ metadata: true }).parse(raw);
  const read = updateRunSchema.safeParse(raw);
  const { spec, status } = read.success ? read.data : {};
  const createdAt = metadata.creationTimestamp ?? '';
  const finishedAt = read.success ? status?.finishedAt : createdAt;
  return {
    name: metadata.name,
    resourceVersion: metadata.resourceVersion ?? '',
    plan: spec?.plan ?? '',
    planUID: spec?.planUID ?? '',
    runID: spec?.runID ?? '',
    startedAtMs: Date.parse(status?.startedAt ?? createdAt) || 0,
    finishedAt,
    status: finishedAt === undefined ? status : undefined,
  };
}
