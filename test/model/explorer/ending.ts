import { isSame } from './canonical.ts';
import { isInFlight } from './host.ts';
import type { Judge } from './leader.ts';
import { NEW, type Setting } from './setting.ts';
import type { State } from './state.ts';

/** Reasons of a wait that a person ends: nothing else can. */
const NAMES_A_PERSON = new Set<string>(['Paused', 'WaitsForPerson', 'WaitsForApproval']);

/**
 * What must be true where nothing happens by itself any more: the run is over, or says which person it waits for
 * (S9); every host is whole and on what was kept (S5); cordons are as they were (S8); and what could not harm has
 * changed nothing (S10).
 */
export function brokenEnding(setting: Setting, state: State, judge: Judge): string[] {
  const { plan, hosts, harmed } = state;
  const { decision } = judge.judge(state);
  const broken: string[] = [];
  const isOver = !plan.exists || plan.stored?.finishedAt !== undefined;
  const waits =
    decision !== undefined && (decision.kind === 'wait' || decision.kind === 'queue')
      ? decision
      : undefined;
  const isCordoned = waits?.reason === 'WaitsForSlot' && hosts.some(({ foreign }) => foreign);
  const isHeld = waits !== undefined && (NAMES_A_PERSON.has(waits.reason) || isCordoned);
  if (!isOver && !isHeld) {
    broken.push(
      `S9: nothing happens any more: ${waits?.reason ?? decision?.kind} ${waits?.message}`,
    );
  }
  for (const host of hosts) {
    if (!host.exists) continue;
    const { name, mark, unschedulable, foreign, hasNode, order } = host;
    const isAlive = !host.silent && !host.liar;
    // Of a Plan that is gone: the node stays cordoned until its agent says that it is whole.
    const isWaitedFor = !plan.exists && !isAlive;
    if (isOver && hasNode && !isWaitedFor) {
      if (mark !== undefined) broken.push(`S8: ${name} is still marked for ${mark}`);
      if (unschedulable !== foreign) {
        broken.push(`S8: ${name} is ${unschedulable ? '' : 'not '}cordoned`);
      }
    }
    if (isOver && isAlive && order !== undefined) {
      broken.push(`S9: ${name} still has an order: ${order}`);
    }
    const isOnPerson = host.journal.signal?.phase === 'Held';
    if (isAlive && isInFlight(host) && !isOnPerson) {
      broken.push(`S5: ${name} is ${host.journal.signal?.phase} for ever`);
    }
    const isWhole = isSame(host.live, host.kept);
    if (isAlive && !isOnPerson && !isWhole && !host.gaveUp) {
      broken.push(`S5: ${name} has ${host.live.version}, and was never told to keep it`);
    }
  }
  const wanted = setting.world.to ?? NEW;
  if (!harmed && plan.exists && !isHeld) {
    const late = hosts.filter(({ kept }) => kept.version !== wanted);
    if (plan.stored?.state !== 'Completed' || late.length > 0) {
      broken.push(
        `S10: ends ${plan.stored?.state}, without ${late.map(({ name }) => name)}, though nothing but deaths happened`,
      );
    }
  }
  const answers = plan.stored?.requestResults ?? [];
  for (const { nonce, verb } of plan.requests) {
    const count = answers.filter((one) => one.nonce === nonce).length;
    if (plan.exists && count !== 1) broken.push(`R1: ${verb} was answered ${count} times`);
  }
  return broken;
}
