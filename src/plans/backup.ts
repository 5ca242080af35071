import type { Backup, CommandStatus } from '../api/plan.ts';
import { inOrder } from '../targets/order.ts';
import type { UpdateCourse } from './course.ts';
import type { Standing, Target } from './target.ts';

/**
 * The controller whose order asks for the backup of this command: the first healthy one, for a backup is made
 * by a k0s that runs. One that is down is repaired before it and without; among the healthy none overtakes it.
 * An order says so from its first writing on, so the orders tell who it was.
 * @returns undefined where none is wanted, or no controller is left that could make one
 */
export function backupBearer(
  standings: readonly Standing[],
  course: UpdateCourse,
): string | undefined {
  if (course.policy.backupMode === 'Never') return undefined;
  const controllers = standings.filter(({ target }) => target.role === 'controller');
  const asked = controllers.find(({ target }) => target.order?.backup !== undefined);
  if (asked !== undefined) return asked.target.name;
  const [first] = inOrder(
    controllers
      .filter(({ target, phase }) => phase === 'Pending' && isServing(target))
      .map(({ target }) => ({ name: target.name, ready: true })),
  );
  return first?.name;
}

function isServing({ controlNode }: Target): boolean {
  return controlNode?.apiServer.ready === 'True';
}

/** What this command has saved, as it is stored or as a controller reports it. */
export function backupOf(
  command: CommandStatus,
  targets: readonly Target[],
  nowMs: number,
): Backup | undefined {
  if (command.backup !== undefined) return command.backup;
  for (const { role, name, signal } of targets) {
    if (role !== 'controller' || signal?.backup === undefined) continue;
    return { node: name, ...signal.backup, takenAt: new Date(nowMs).toISOString() };
  }
  return undefined;
}

/** @returns the backup of this command, or else of the last one before it that made one */
export function newestBackup(
  commands: readonly CommandStatus[],
  command: CommandStatus,
  targets: readonly Target[],
  nowMs: number,
): Backup | undefined {
  const before = commands.filter(({ id }) => id < command.id).findLast(({ backup }) => backup);
  return backupOf(command, targets, nowMs) ?? before?.backup;
}
