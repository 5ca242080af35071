import type { CommandStatus, TargetStatus } from '../api/plan.ts';

/** All targets of a command, controllers first. */
export function targetsOf({ k0supdate, airgapupdate }: CommandStatus): readonly TargetStatus[] {
  const { controllers = [], workers = [] } = k0supdate ?? {};
  const bundles = airgapupdate?.workers ?? [];
  // Of thousands, at every look: most lists stand alone.
  if (controllers.length === 0 && bundles.length === 0) return workers;
  return [...controllers, ...workers, ...bundles];
}

/** How many targets have their version; a node that is in two commands counts twice, one that was put back not. */
export function progressOf(commands: readonly CommandStatus[]): {
  done: number;
  total: number;
  text: string;
} {
  let done = 0;
  let total = 0;
  for (const command of commands) {
    if (command.rollback === true) continue;
    for (const { state } of targetsOf(command)) {
      total++;
      if (state === 'SignalCompleted') done++;
    }
  }
  return { done, total, text: `${done}/${total}` };
}
