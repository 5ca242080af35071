import { parseForgiving } from '../api/forgiving.ts';
import { metadataSchema } from '../api/meta.ts';
import { type LastingTarget, planTargetsSpecSchema } from '../api/plan-targets.ts';

/** What is kept of a PlanTargets. */
export interface TrimmedPlanTargets {
  readonly name: string;
  readonly resourceVersion: string;
  readonly planUID: string;
  readonly runID: string;
  readonly revision: number;
  readonly targets: readonly LastingTarget[];
  readonly rest: string | undefined;
}

/** What cannot be read was not written by us: it belongs to no run. */
export function trimPlanTargets(raw: unknown): TrimmedPlanTargets {
  const { metadata, spec } = raw as { metadata?: unknown; spec?: unknown };
  const { name, resourceVersion = '' } = metadataSchema.parse(metadata);
  const read = parseForgiving(planTargetsSpecSchema, spec)?.value;
  return {
    name,
    resourceVersion,
    planUID: read?.planUID ?? '',
    runID: read?.runID ?? '',
    revision: read?.revision ?? 0,
    targets: read?.targets ?? [],
    rest: read?.rest,
  };
}
