import type { CommandStatus, PlanSpec, PlanStatus } from '../api/plan.ts';
import type { Asked } from '../api/requests.ts';
import { describeAsked } from './asked.ts';
import { nameList } from './name-list.ts';
import { targetsOf } from './progress.ts';

/** What has come of putting back: whether all of it went, who runs what, and what is to be done about the rest. */
export interface RollbackEnd {
  readonly isWhole: boolean;
  /** `put back: w-2, w-1 run v1.36.1+k0s.0 again; not put back: cp-1: ...` */
  readonly sentence: string;
}

/** @returns undefined for a run of which nothing was to be put back */
export function rollbackEnd({
  commands,
  rollback,
  frozenSpec,
}: Pick<PlanStatus, 'commands' | 'rollback' | 'frozenSpec'>): RollbackEnd | undefined {
  if (rollback === undefined) return undefined;
  const back = (commands ?? []).filter((one) => one.rollback === true);
  const stayed = [
    ...back.flatMap((command) =>
      targetsOf(command)
        .filter(({ state }) => state !== 'SignalCompleted')
        .map(({ name, message, previousVersion }) => ({
          name,
          message: `${message ?? 'no reason given'}${wasLeft(command, name) && previousVersion ? `; ${previousVersion} runs there` : ''}`,
        })),
    ),
    ...(rollback.left ?? []),
  ];
  const parts = [
    ...(rollback.by === undefined ? [] : [`put back: ${asked(rollback.by, rollback.at)}`]),
    ...returned(back, frozenSpec),
    ...stayed.map(({ name, message }) => `${name} was not put back: ${message}`),
  ];
  if (back.length === 0 && stayed.length === 0) parts.push('nothing had been updated');
  return { isWhole: stayed.length === 0, sentence: parts.join('; ') };
}

function asked(by: string, at: string): string {
  const one: Asked = { by, at };
  return describeAsked(one);
}

/** What was never swapped, or was undone by the host, runs what it ran before it was to go back. */
function wasLeft(command: CommandStatus, name: string): boolean {
  const phase = targetsOf(command).find((one) => one.name === name)?.phase;
  return phase === 'Undone' || phase === 'Skipped';
}

function returned(back: readonly CommandStatus[], spec: PlanSpec | undefined): string[] {
  const names = new Map<string, string[]>();
  for (const command of back) {
    const version = spec?.commands[command.id]?.k0supdate?.version ?? 'its old version';
    const done = targetsOf(command).filter(({ state }) => state === 'SignalCompleted');
    names.set(version, [...(names.get(version) ?? []), ...done.map(({ name }) => name)]);
  }
  return [...names]
    .filter(([, all]) => all.length > 0)
    .map(
      ([version, all]) => `${nameList(all)} ${all.length === 1 ? 'runs' : 'run'} ${version} again`,
    );
}
