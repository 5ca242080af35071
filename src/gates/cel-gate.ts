import type { GateSpec } from '../api/policy-gates.ts';
import { clip, type GateAnswer, listed, unknown } from './answer.ts';
import { type Compiled, celMessage } from './cel.ts';

export type CelSpec = NonNullable<GateSpec['cel']>;

/** An object as the API server sends it, as far as it tells which one it is. */
export interface AnyObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What an expression came to so far, page by page: the objects themselves are not kept. */
export interface Tally {
  readonly total: number;
  /** Of which it is not true. */
  readonly bad: readonly string[];
  /** Of which it cannot be told, and why. */
  readonly broken: readonly string[];
}

export const NO_TALLY: Tally = { total: 0, bad: [], broken: [] };

/** @param baselineOf the same object before the run; null where there was none */
export function tally(
  before: Tally,
  expression: Extract<Compiled, { kind: 'expression' }>,
  objects: readonly AnyObject[],
  baselineOf: (object: AnyObject) => unknown,
): Tally {
  const bad = [...before.bad];
  const broken = [...before.broken];
  for (const object of objects) {
    try {
      if (!expression.test(object, baselineOf(object))) bad.push(objectKey(object));
    } catch (thrown) {
      broken.push(`${objectKey(object)}: ${celMessage(thrown)}`);
    }
  }
  return { total: before.total + objects.length, bad, broken };
}

/** One that is certainly wrong is no, whatever cannot be told of another. */
export function judgeTally(spec: CelSpec, { total, bad, broken }: Tally): GateAnswer {
  const expression = clip(spec.expression, 200);
  if (bad.length > 0) {
    return {
      outcome: 'fail',
      message: `not true of ${bad.length} of ${total} ${spec.kind}: ${listed(bad)}: ${expression}`,
    };
  }
  if (broken.length > 0) {
    return unknown(
      `cannot be told of ${broken.length} of ${total} ${spec.kind}: ${listed(broken, 3)}: ${expression}`,
    );
  }
  if (total === 0) return unknown(`there is no ${describeObjects(spec)}`);
  return { outcome: 'pass', message: `true of ${total} ${spec.kind}: ${expression}` };
}

export function describeObjects({ kind, apiVersion, namespace, name, selector }: CelSpec): string {
  return [
    `${kind} of ${apiVersion}`,
    ...(name === undefined ? [] : [`named ${name}`]),
    ...(namespace === undefined ? [] : [`in namespace ${namespace}`]),
    ...(selector === undefined ? [] : [`with ${selector}`]),
  ].join(' ');
}

/** What tells an object from the others of its kind: `default/web`. */
export function objectKey({ metadata: { name, namespace } }: AnyObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** An object without what no expression is about and what makes most of its size. */
export function forBaseline<T extends AnyObject>(object: T): T {
  const {
    managedFields: _,
    annotations,
    ...metadata
  } = object.metadata as T['metadata'] & {
    readonly managedFields?: unknown;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  const kept = Object.entries(annotations ?? {}).filter(([key]) => key !== LAST_APPLIED);
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(annotations === undefined ? {} : { annotations: Object.fromEntries(kept) }),
    },
  };
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
