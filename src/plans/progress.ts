import type { CommandStatus, TargetStatus } from '../api/plan.ts';

/** All targets of a command, controllers first. */
export function targetsOf({ k0supdate, airgapupdate }: CommandStatus): readonly TargetStatus[] {
  return [
    ...(k0supdate?.controllers ?? []),
    ...(k0supdate?.workers ?? []),
    ...(airgapupdate?.workers ?? []),
  ];
}

/** How many targets have their version; a node that is in two commands counts twice, one that was put back not. */
export function progressOf(commands: readonly CommandStatus[]): {
  done: number;
  total: number;
  text: string;
} {
  const targets = commands.filter(({ rollback }) => rollback !== true).flatMap(targetsOf);
  const done = targets.filter(({ state }) => state === 'SignalCompleted').length;
  return { done, total: targets.length, text: `${done}/${targets.length}` };
}
