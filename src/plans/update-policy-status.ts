import { describeFlaws } from '../api/policy-flaws.ts';
import type { UpdatePolicyStatus } from '../api/update-policy.ts';
import type { ClusterPolicy } from './cluster-policy.ts';
import { withCondition } from './conditions.ts';
import type { TrimmedUpdatePolicy } from './trim-update-policy.ts';

/** What is now true of the UpdatePolicy; the stored status itself where that says so already. */
export function updatePolicyStatus(
  stored: TrimmedUpdatePolicy,
  { flaw }: ClusterPolicy,
  nowMs: number,
): UpdatePolicyStatus {
  const { generation, status } = stored;
  const conditions = withCondition(
    status?.conditions ?? [],
    accepted(stored, flaw),
    generation,
    nowMs,
  );
  const next = { observedGeneration: generation, conditions };
  return status !== undefined && JSON.stringify(sorted(next)) === JSON.stringify(sorted(status))
    ? status
    : next;
}

function accepted({ channelFlaws }: TrimmedUpdatePolicy, flaw: string | undefined) {
  const refused = { type: 'Accepted', status: 'False', reason: 'InvalidPolicy' } as const;
  if (flaw !== undefined) {
    return { ...refused, message: `nothing new is begun until this is mended: ${flaw}` };
  }
  if (channelFlaws.length > 0) {
    const what = describeFlaws('spec', channelFlaws);
    return { ...refused, message: `no channel is followed until this is mended: ${what}` };
  }
  return {
    type: 'Accepted',
    status: 'True',
    reason: 'PolicyAccepted',
    message: 'updates are done as it says',
  } as const;
}

/** The API server gives the fields back in an order of its own. */
function sorted({ observedGeneration, conditions = [] }: UpdatePolicyStatus) {
  return [
    observedGeneration,
    conditions.map((one) => [
      one.type,
      one.status,
      one.reason,
      one.message,
      one.observedGeneration,
    ]),
  ];
}
