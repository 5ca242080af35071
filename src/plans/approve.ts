import type { CommandStatus } from '../api/plan.ts';
import { type Policy, withDefaults } from '../api/policy.ts';
import { type Answer, done, refused } from './answer.ts';
import {
  type Approvable,
  approvalOf,
  awaitedApproval,
  describe,
  isWanted,
  parseApprovable,
} from './approvals.ts';
import { describeAsked } from './asked.ts';
import type { PlanFacts } from './facts.ts';
import { isUnderWay } from './run.ts';

/** Lets the run go past a point; ahead of time where it is named. What nobody waits for is refused. */
export function approve(
  facts: PlanFacts,
  by: string,
  { of: named }: { readonly of?: string } = {},
): Answer {
  const { name, status } = facts.plan;
  if (!isUnderWay(status)) {
    return refused('NotRunning', 'no run of the Plan is under way, so that nothing waits for you');
  }
  const policy = withDefaults(status.policy ?? {});
  const command = status.commands.find(({ state }) => state !== 'Completed');
  if (command === undefined || policy.approvals.length === 0) {
    return refused('NothingToApprove', 'the policy of this run wants no approvals');
  }
  const chosen = named === undefined ? awaitedApproval(command, policy) : parseApprovable(named);
  if (chosen === undefined) {
    return named === undefined
      ? refused(
          'NothingToApprove',
          `nothing waits for an approval now; to give one ahead of time, name it: autopilot approve ${name} --of Workers`,
        )
      : refused('UnknownArgument', `of: wanted Controllers, Workers or Batch/2, found ${named}`);
  }
  const before = approvalOf(chosen, command);
  if (before !== undefined) {
    return done('Approved', `${chosen} was approved already: ${describeAsked(before)}`, status);
  }
  const objection = objectionTo(chosen, command, policy);
  if (objection !== undefined) return refused('NothingToApprove', objection);
  const approval = { of: chosen, by, at: new Date(facts.nowMs).toISOString() };
  const commands = status.commands.map((one) =>
    one.id === command.id ? { ...one, approvals: [...(one.approvals ?? []), approval] } : one,
  );
  return done('Approved', `${chosen} approved: nobody is asked before ${describe(chosen)}`, {
    ...status,
    commands,
  });
}

function objectionTo(
  chosen: Approvable,
  command: CommandStatus,
  policy: Policy,
): string | undefined {
  if (!isWanted(chosen, policy, command)) {
    return `the run does not wait before ${describe(chosen)}: its policy wants ${policy.approvals.join(', ')}, and commands[${command.id}] is what runs`;
  }
  if (!chosen.startsWith('Batch/')) return undefined;
  const batch = Number(chosen.slice('Batch/'.length));
  const most = command.k0supdate?.workers?.length ?? 0;
  if (batch > most) return `there is no batch ${batch}: the command has ${most} workers`;
  const now = command.batch?.number ?? 0;
  return batch > now ? undefined : `batch ${batch} has begun already`;
}
