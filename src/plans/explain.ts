import { LEADER_LEASE, NAMESPACE } from '../api/meta.ts';
import type { Backup, CommandStatus, Role, TargetPhase, TargetStatus } from '../api/plan.ts';
import { isTerminalState, type StoredPlanStatus } from '../api/plan.ts';
import { isReason, REASONS } from '../api/reasons.ts';
import { describeMissing } from './api-check.ts';
import { type About, ADVICE } from './explain-advice.ts';
import { isFinal, isTrouble } from './target.ts';

/** Who leads, as the Lease tells. */
export type Leader =
  | { readonly kind: 'alive'; readonly holder: string }
  /** The Autopilot of k0s, which holds the same Lease. */
  | { readonly kind: 'k0s'; readonly holder: string }
  /** @property silentMs since the last renewal; undefined: nobody ever led */
  | { readonly kind: 'gone'; readonly holder?: string; readonly silentMs?: number }
  /** The Lease may not be read, say. */
  | { readonly kind: 'unknown' };

export interface ExplainedPlan {
  readonly name: string;
  readonly generation: number;
  readonly deleted: boolean;
  readonly status: StoredPlanStatus | undefined;
}

export interface Surroundings {
  /** Plans that run before this one. */
  readonly plansBefore: readonly string[];
  readonly leader: Leader;
  /** What the stored definition of Plans lacks; without it, nothing that is said of a run is kept. */
  readonly missingFields?: readonly string[];
  /** Of each ControlNode whose Node is called otherwise: the name of its Node. */
  readonly nodeNames?: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

/** One thing that waits or has failed: why, and what a person can type next. */
export interface Finding {
  /** `Plan autopilot`, `Node w1`, `ControlNode cp-1` */
  readonly subject: string;
  readonly reason: string;
  /** Of the root cause. */
  readonly sentence: string;
  /** When it ends by itself, one way or the other. */
  readonly until?: string;
  /** Where several things hold it: a line for each. */
  readonly details?: readonly string[];
  readonly fix: string;
  readonly next: readonly string[];
}

/**
 * - `unseen`: no orchestrator has looked at it
 * - `queued`: not begun: another Plan, a window, a pause
 * - `running`, `completed`, `failed`
 * - `refused`: nothing was touched
 * - `foreign`: left by the Autopilot of k0s
 */
export type Standing =
  | 'unseen'
  | 'queued'
  | 'running'
  | 'refused'
  | 'failed'
  | 'completed'
  | 'foreign';

export interface Explanation {
  readonly plan: string;
  readonly standing: Standing;
  readonly sentence: string;
  readonly progress: string;
  readonly findings: readonly Finding[];
}

/** Says why a Plan waits or has failed, from what is stored and nothing else. */
export function explain(plan: ExplainedPlan, around: Surroundings): Explanation {
  const standing = standingOf(plan);
  const own = ofPlan(plan, standing, around);
  return {
    plan: plan.name,
    standing,
    sentence: headline(plan, standing, around),
    progress: plan.status?.progress?.text ?? '',
    findings: [
      ...nobodyLeads(plan, standing, around),
      ...overwritten(plan, own, around),
      ...own,
      ...ofTargets(plan, standing, around),
    ],
  };
}

function standingOf({ status, generation }: ExplainedPlan): Standing {
  const state = status?.state;
  if (
    status === undefined ||
    ((state ?? '') === '' && conditionOf(status, 'Waiting') === undefined)
  )
    return 'unseen';
  if (isTerminalState(state)) {
    const observed = status.observedGeneration;
    if (observed === undefined) return 'foreign';
    if (observed < generation) return 'queued';
    if (state === 'Completed') return 'completed';
    return conditionOf(status, 'Accepted')?.status === 'False' ? 'refused' : 'failed';
  }
  if ((state ?? '') === '') return 'queued';
  return status.runID === undefined ? 'foreign' : 'running';
}

function headline(
  { name, status, deleted, generation }: ExplainedPlan,
  standing: Standing,
  { plansBefore }: Surroundings,
): string {
  const say = (words: string) => `Plan ${name} ${words}`;
  if (deleted)
    return say('is being deleted: what is under way is called back or judged to its end');
  const waiting = conditionOf(status, 'Waiting');
  switch (standing) {
    case 'unseen':
      return say('was applied, and no orchestrator has looked at it yet');
    case 'queued': {
      const again = isTerminalState(status?.state) ? ` with generation ${generation}` : '';
      const why =
        waiting?.status === 'True'
          ? waiting.message
          : plansBefore.length > 0
            ? `Plan ${plansBefore.join(', ')} runs first`
            : 'its turn comes at the next look';
      return say(`has not begun${again}: ${why}`);
    }
    case 'running':
      return say(
        `is under way to ${status?.targetVersion ?? 'its version'}, and waits: ${waiting?.message ?? status?.waitsFor ?? 'for the next look'}`,
      );
    case 'completed':
      return say(`is done: ${conditionOf(status, 'Completed')?.message ?? 'it has run'}`);
    case 'refused':
      return say('was refused, and nothing was touched');
    case 'failed':
      return say(
        `has failed: ${conditionOf(status, 'Failed')?.message ?? `it ended as ${status?.state}`}`,
      );
    case 'foreign':
      return say(`was run by the Autopilot of k0s, which left it as ${status?.state}`);
  }
}

const lease = `kubectl get lease -n ${NAMESPACE} ${LEADER_LEASE} -o yaml`;

/** Nothing moves, and nothing that is stored is kept up to date. */
function nobodyLeads(
  { name }: ExplainedPlan,
  standing: Standing,
  { leader }: Surroundings,
): Finding[] {
  if (leader.kind === 'k0s' && !isAtRest(standing)) {
    return [
      {
        subject: `Plan ${name}`,
        reason: 'StandingBy',
        sentence: `k0s's own Autopilot leads (${leader.holder}), so that this Plan is its to run; ours stands by and takes over once it is switched off`,
        fix: 'Start every controller with --disable-components=autopilot; where that is done already, see which one is left.',
        next: ['autopilot adopt --check', lease],
      },
    ];
  }
  if (leader.kind !== 'gone' || isAtRest(standing)) return [];
  const last =
    leader.silentMs === undefined
      ? 'nobody has ever led'
      : `${leader.holder ?? 'the last one'} was last heard of ${Math.round(leader.silentMs / 1000)}s ago`;
  return [
    {
      subject: `Plan ${name}`,
      reason: 'NobodyLeads',
      sentence: `no orchestrator is at work (${last}), so that nothing new happens, and what stands here may be out of date`,
      fix: 'Start the orchestrator, or see why it does not lead.',
      next: [lease, 'autopilot controller --help'],
    },
  ];
}

function isAtRest(standing: Standing): boolean {
  return ['refused', 'failed', 'completed', 'foreign'].includes(standing);
}

/** The Plan cannot say it itself: the condition would be dropped like the rest. */
function overwritten(
  { name }: ExplainedPlan,
  own: readonly Finding[],
  { missingFields = [] }: Surroundings,
): Finding[] {
  if (missingFields.length === 0) return [];
  if (own.some(({ reason }) => reason === 'KindsOverwritten')) return [];
  const message = describeMissing(missingFields);
  return [finding(`Plan ${name}`, 'KindsOverwritten', message, { plan: name, message }, undefined)];
}

/** What holds, or has ended, the Plan as a whole. */
function ofPlan(plan: ExplainedPlan, standing: Standing, around: Surroundings): Finding[] {
  const { name, status } = plan;
  const find = (reason: string, message: string) => [
    finding(`Plan ${name}`, reason, message, { plan: name, message }, status?.opensAt),
  ];
  switch (standing) {
    case 'unseen':
      return around.plansBefore.length === 0
        ? []
        : find('WaitsForOtherPlan', `Plan ${around.plansBefore.join(', ')} runs first`);
    case 'queued':
    case 'running': {
      const waiting = conditionOf(status, 'Waiting');
      if (waiting?.status !== 'True') {
        if (standing === 'running' || around.plansBefore.length === 0) return [];
        return find('WaitsForOtherPlan', `Plan ${around.plansBefore.join(', ')} runs first`);
      }
      // What a target says for itself is said there, with the commands for it.
      const isOfTarget = targets(status).some(
        ({ status: one }) => !isFinal(one.phase) && one.reason === waiting.reason,
      );
      return isOfTarget ? [] : find(waiting.reason, waiting.message);
    }
    case 'refused': {
      const accepted = conditionOf(status, 'Accepted');
      const own = targets(status).filter(({ status: one }) => one.reason !== undefined);
      if (accepted === undefined || own.some(({ status: one }) => one.reason === accepted.reason)) {
        return [];
      }
      return find(accepted.reason, accepted.message);
    }
    case 'failed': {
      const failed = conditionOf(status, 'Failed');
      const own = targets(status).some(({ status: one }) => isBad(one));
      if (failed === undefined || (own && failed.reason !== 'Aborted')) return [];
      return find(failed.reason, failed.message);
    }
    case 'foreign':
      return find('LeftByK0s', REASONS.LeftByK0s);
    case 'completed':
      return [];
  }
}

function ofTargets(
  plan: ExplainedPlan,
  standing: Standing,
  { nowMs, nodeNames }: Surroundings,
): Finding[] {
  if (standing === 'queued' && !isTerminalState(plan.status?.state)) return [];
  return targets(plan.status).flatMap(({ role, status, backup }) => {
    const { name, phase = 'Pending', reason, message = '' } = status;
    const isOpen = standing === 'running' && !isFinal(phase) && phase !== 'Pending';
    const isSaid = standing === 'refused' || isOpen || isBad(status);
    if (!isSaid || reason === undefined) return [];
    const nodeName = role === 'controller' ? nodeNames?.get(name) : undefined;
    const target = { role, name, ...(nodeName && { nodeName }) };
    const about = { plan: plan.name, target, message, backup };
    const sentence =
      standing === 'refused'
        ? message
        : `${describe(status)}${message === '' ? '' : `: ${message}`}`;
    const until = isOpen && Date.parse(status.deadline ?? '') > nowMs ? status.deadline : undefined;
    const found = finding(`${kindOf(role)} ${name}`, reason, sentence, about, until);
    const details = (status.blockedBy ?? []).map((one) => `${one.pod}: ${one.message}`);
    return [details.length > 1 ? { ...found, details } : found];
  });
}

function isBad({ phase = 'Pending', reason }: TargetStatus): boolean {
  // One that was left alone because of others is not what failed.
  if (phase === 'Skipped') return reason === 'DrainTimeout' || reason === 'Superseded';
  return isTrouble(phase, reason);
}

const WORDS: Readonly<Record<TargetPhase, string>> = {
  Pending: 'waits for its turn',
  Downloading: 'downloads',
  Staged: 'has staged the artifact',
  Draining: 'is being emptied',
  Applying: 'is being updated',
  OnTrial: 'is on trial',
  Committing: 'passed its trial',
  Committed: 'is updated',
  Undoing: 'is being put back',
  Undone: 'was put back',
  Held: 'is held, unconfirmed',
  Skipped: 'was passed over',
  Failed: 'failed',
};

function describe({ phase = 'Pending', previousVersion }: TargetStatus): string {
  const to = previousVersion !== undefined && (phase === 'Undone' || phase === 'Undoing');
  return `${WORDS[phase]}${to ? ` to ${previousVersion}` : ''}`;
}

function finding(
  subject: string,
  reason: string,
  sentence: string,
  about: About,
  until: string | undefined,
): Finding {
  // A status may have been written by a newer program than this one.
  const advice = isReason(reason) ? ADVICE[reason] : undefined;
  return {
    subject,
    reason,
    sentence,
    ...(until === undefined ? {} : { until }),
    fix: advice?.fix ?? '',
    next: advice?.next(about) ?? [`kubectl get plan ${about.plan} -o yaml`],
  };
}

interface NamedTarget {
  readonly role: Role;
  readonly status: TargetStatus;
  readonly backup: Backup | undefined;
}

function targets(status: StoredPlanStatus | undefined): NamedTarget[] {
  const of = (role: Role, all: readonly TargetStatus[] | undefined, { backup }: CommandStatus) =>
    (all ?? []).map((one) => ({ role, status: one, backup }));
  return (status?.commands ?? []).flatMap((command) => [
    ...of('controller', command.k0supdate?.controllers, command),
    ...of('worker', command.k0supdate?.workers, command),
    ...of('worker', command.airgapupdate?.workers, command),
  ]);
}

function kindOf(role: Role): string {
  return role === 'controller' ? 'ControlNode' : 'Node';
}

function conditionOf(status: StoredPlanStatus | undefined, type: string) {
  return status?.conditions?.find((condition) => condition.type === type);
}
