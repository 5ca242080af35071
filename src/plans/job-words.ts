import { NAMESPACE } from '../api/meta.ts';

/** How a message names a Job, so that a person finds it: `Job k0s-autopilot/autopilot-warm-0123456789`. */
export function advise(jobName: string): string {
  return `Job ${NAMESPACE}/${jobName}`;
}
