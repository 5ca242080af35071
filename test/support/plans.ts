import type { Plan } from '../../src/api/plan.ts';
import { targetsOf } from '../../src/plans/progress.ts';
import type { Offer } from './cluster/cluster.ts';

interface PlanOptions {
  readonly name?: string;
  readonly id?: string;
  readonly version: string;
  readonly offer: Partial<Offer> & Pick<Offer, 'url'>;
  readonly controllers?: object;
  readonly workers?: object;
  readonly concurrent?: number;
  readonly platform?: string;
}

/** A Plan as a user writes it, of one k0supdate. `controllers` and `workers` are discoveries. */
export function aPlan(options: PlanOptions) {
  return {
    apiVersion: 'autopilot.k0sproject.io/v1beta2',
    kind: 'Plan',
    metadata: { name: options.name ?? 'autopilot' },
    spec: { id: options.id ?? 'upg-1', timestamp: 'now', commands: [aCommand(options)] },
  };
}

export function aCommand(options: PlanOptions) {
  const { controllers, workers } = options;
  return {
    k0supdate: {
      version: options.version,
      platforms: { [options.platform ?? 'linux-amd64']: options.offer },
      targets: {
        ...(controllers && { controllers: { discovery: controllers } }),
        ...(workers && {
          workers: { discovery: workers, limits: { concurrent: options.concurrent ?? 1 } },
        }),
      },
    },
  };
}

export const everything = { selector: {} };
export const only = (...nodes: string[]) => ({ static: { nodes } });

export function targetNamed(plan: Plan, name: string, command = 0) {
  const found = plan.status?.commands?.[command];
  return found && targetsOf(found).find((target) => target.name === name);
}

export function conditionOf(plan: Plan, type: string) {
  return plan.status?.conditions?.find((condition) => condition.type === type);
}

export const hasEnded = (plan: Plan) => plan.status?.finishedAt !== undefined;
