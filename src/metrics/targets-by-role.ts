import type { CommandStatus, Role, TargetStatus } from '../api/plan.ts';

export interface TargetOfRole {
  readonly command: number;
  readonly role: Role;
  readonly target: TargetStatus;
}

/** All targets of a run; those that receive a bundle are told as workers, as the API has them. */
export function targetsByRole(commands: readonly CommandStatus[]): TargetOfRole[] {
  return commands.flatMap(({ id, k0supdate, airgapupdate }) => [
    ...(k0supdate?.controllers ?? []).map((target) => of(id, 'controller', target)),
    ...(k0supdate?.workers ?? []).map((target) => of(id, 'worker', target)),
    ...(airgapupdate?.workers ?? []).map((target) => of(id, 'worker', target)),
  ]);
}

function of(command: number, role: Role, target: TargetStatus): TargetOfRole {
  return { command, role, target };
}
