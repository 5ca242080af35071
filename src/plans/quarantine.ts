import type { CommandStatus, TargetPhase } from '../api/plan.ts';
import { type QuarantineSpec, quarantineName } from '../api/quarantined-artifact.ts';
import { isReason, type Reason } from '../api/reasons.ts';
import type { UpdateCourse } from './course.ts';
import type { Action, QuarantineFacts } from './facts.ts';
import type { Step } from './step.ts';
import type { Target } from './target.ts';

/**
 * What a binary is to blame for, seen while it ran on trial. A `ConfirmTimeout` is not among them: nobody has
 * judged it, and that may be the network's fault.
 */
const TO_BLAME = new Set<Reason>([
  'ProcessExits',
  'HostReboots',
  'WrongVersionRuns',
  'HealthTimeout',
  'NodeNotReady',
  'ApiServerNotReady',
]);

const HAVE_FAILED = new Set<TargetPhase>(['Undoing', 'Undone', 'Held', 'Failed']);

const MESSAGE_LENGTH = 1_024;

/** @returns which object holds the artifact back and how to lift that; undefined where none does */
export function quarantineOf(
  quarantined: readonly QuarantineFacts[],
  artifact: { readonly sha256: string; readonly version?: string },
  exceptRun?: string,
): string | undefined {
  const found = quarantined.find(
    ({ sha256, version, run }) =>
      sha256 === artifact.sha256.toLowerCase() &&
      (artifact.version === undefined || version === artifact.version) &&
      run !== exceptRun,
  );
  return (
    found &&
    `QuarantinedArtifact ${found.name} holds sha256 ${found.sha256} back (${found.message}); once it is known to be good: kubectl delete quarantinedartifact ${found.name}`
  );
}

/** What a look at the targets of a command adds to the quarantine. */
export interface Quarantining {
  /** Names of all that the command has brought about, as it is to be stored. */
  readonly names: readonly string[];
  readonly actions: readonly Action[];
}

/**
 * Each object is made once: who lifts a quarantine while the run goes on is not contradicted. So a name is
 * written down only when the object has been seen.
 */
export function quarantine(
  targets: readonly Target[],
  steps: readonly Step[],
  course: UpdateCourse,
  command: CommandStatus,
): Quarantining {
  const stored = new Set(command.quarantined);
  const wanted = new Map<string, QuarantineSpec>();
  steps.forEach((step, at) => {
    if (!HAVE_FAILED.has(step.phase)) return;
    const target = targets[at]!;
    const spec = blamed(target, step, course);
    if (spec === undefined) return;
    const name = quarantineName(spec);
    if (!stored.has(name) && !wanted.has(name)) wanted.set(name, spec);
  });
  const seen = new Set(course.quarantined.map(({ name }) => name));
  const actions: Action[] = [];
  for (const [name, spec] of wanted) {
    if (seen.has(name)) stored.add(name);
    else actions.push({ kind: 'quarantine', name, spec });
  }
  return { names: [...stored], actions };
}

function blamed(target: Target, step: Step, course: UpdateCourse): QuarantineSpec | undefined {
  const { order, signal, host } = target;
  if (order === undefined) return undefined;
  // What the node itself has turned back for, or else what was judged here.
  const own = signal?.reason === 'UndoneByOrder' ? undefined : signal?.reason;
  const reason = isReason(own) && TO_BLAME.has(own) ? own : step.reason;
  if (reason === undefined || !TO_BLAME.has(reason)) return undefined;
  const sha256 = signal?.staged?.sha256 ?? order.artifact.sha256;
  if (sha256 === undefined) return undefined;
  return {
    version: order.artifact.version,
    sha256,
    platform: host?.platform ?? 'unknown',
    reason,
    message: (step.message ?? signal?.message ?? reason).slice(0, MESSAGE_LENGTH),
    plan: course.plan.name,
    run: course.runID,
    node: target.name,
    at: new Date(course.nowMs).toISOString(),
  };
}
