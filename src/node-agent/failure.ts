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

/**
 * Does something to the host's files that ends with a failure or none.
 * @param what it could not do, should a system call fail
 */
export async function orHostFailure(
  what: string,
  act: () => Promise<Failure | undefined>,
): Promise<Failure | undefined> {
  try {
    return await act();
  } catch (thrown) {
    // a host that crashes in a test is no failed system call
    if (!(thrown instanceof Error) || !('code' in thrown)) throw thrown;
    const full = codeOf(thrown) === 'ENOSPC' || codeOf(thrown) === 'EDQUOT';
    return {
      class: 'Environment',
      reason: full ? 'DiskFull' : 'SwapFailed',
      message: `${what}: ${messageOf(thrown)}`,
    };
  }
}
