import type { GateSpec } from './policy-gates.ts';
import type { HookSpec } from './policy-hooks.ts';

/** The gate that is built in: what the cluster runs, against how that was before the run. */
export const WORKLOADS_GATE = 'workloads';

/** What gates and hooks say that cannot be: their Jobs and answers are told apart by name. */
export function nameFlaws({
  gates,
  hooks,
}: {
  readonly gates: readonly GateSpec[];
  readonly hooks: readonly HookSpec[];
}): { path: string; message: string }[] {
  const flaws = [...repeated('gates', gates), ...repeated('hooks', hooks)];
  for (const [at, { name, job, when }] of gates.entries()) {
    if (name === WORKLOADS_GATE) {
      flaws.push({
        path: `gates.${at}.name`,
        message: `${WORKLOADS_GATE} is the gate that is built in; wanted another name`,
      });
    }
    if (job !== undefined && when?.includes('Always')) {
      flaws.push({
        path: `gates.${at}.when`,
        message: 'a Job runs once: wanted AfterNode or AfterBatch, found Always',
      });
    }
  }
  return flaws;
}

function repeated(field: string, all: readonly { readonly name: string }[]) {
  return all.flatMap(({ name }, at) => {
    const first = all.findIndex((one) => one.name === name);
    if (first === at) return [];
    const message = `${name} is the name of ${field}.${first} already; wanted one of its own`;
    return [{ path: `${field}.${at}.name`, message }];
  });
}
