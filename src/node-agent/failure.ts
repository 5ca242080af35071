import * as z from 'zod';
import { REASONS, type Reason } from '../api/reasons.ts';
import { codeOf } from '../artifacts/system-error.ts';
import { messageOf } from '../errors.ts';
import { FAILURE_CLASSES } from '../signals/report.ts';

/** Why an order did not end as its writer hoped; reaches the report word by word. */
export const failureSchema = z.strictObject({
  /** Absent where nobody is to blame: an ordered undo, a refusal. */
  class: z.enum(FAILURE_CLASSES).optional(),
  reason: z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]),
  message: z.string(),
});
export type Failure = z.infer<typeof failureSchema>;

/** A system call that failed while something was being done to the host's files. */
export function hostFailure(what: string, thrown: unknown): Failure {
  const full = codeOf(thrown) === 'ENOSPC' || codeOf(thrown) === 'EDQUOT';
  return {
    class: 'Environment',
    reason: full ? 'DiskFull' : 'SwapFailed',
    message: `${what}: ${messageOf(thrown)}`,
  };
}
