import * as z from 'zod';
import type { GateSpec } from '../api/policy-gates.ts';
import { mentionsBaseline } from './cel.ts';
import { type AnyObject, forBaseline, objectKey } from './cel-gate.ts';
import { WORKLOADS_GATE } from './gate-flaws.ts';
import type { Survey, Trouble } from './workloads.ts';
import type { WorkloadsBaseline } from './workloads-gate.ts';

const troubleSchema = z.tuple([z.number(), z.number(), z.number()]);

/** As it is stored: what was healthy is not in it. */
export const workloadsBaselineSchema = z
  .object({
    takenAtMs: z.number(),
    troubled: z.record(z.string(), troubleSchema),
    young: z.array(z.string()),
  })
  .transform(({ takenAtMs, troubled, young }): WorkloadsBaseline => {
    const entries = Object.entries(troubled).map(
      ([key, [missing, crashing, pending]]): [string, Trouble] => [
        key,
        { missing, crashing, pending },
      ],
    );
    return { takenAtMs, troubled: new Map(entries), young: new Set(young) };
  });

export function storedWorkloads({ takenAtMs, troubled, young }: Survey): unknown {
  const entries = [...troubled].map(([key, { missing, crashing, pending }]) => [
    key,
    [missing, crashing, pending],
  ]);
  return { takenAtMs, troubled: Object.fromEntries(entries), young: [...young] };
}

/** Objects by their key, as {@link storedObjects} made them. */
export const objectsBaselineSchema = z
  .object({ objects: z.record(z.string(), z.unknown()) })
  .transform(({ objects }): ReadonlyMap<string, unknown> => new Map(Object.entries(objects)));

export function storedObjects(objects: readonly AnyObject[]): unknown {
  const entries = objects.map((object) => [objectKey(object), forBaseline(object)]);
  return { objects: Object.fromEntries(entries) };
}

/** Names of the gates that judge against what was there before the run. */
export function gatesWithBaseline(
  gates: readonly GateSpec[],
  workloads: 'Gate' | 'Off',
): readonly string[] {
  return [
    ...(workloads === 'Gate' ? [WORKLOADS_GATE] : []),
    ...gates
      .filter(({ cel }) => cel !== undefined && mentionsBaseline(cel.expression))
      .map(({ name }) => name),
  ];
}
