import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { clip } from './answer.ts';

/** A CEL expression that compiles, or why it does not. */
export type Compiled =
  | {
      readonly kind: 'expression';
      /**
       * @param baseline the same object before the run; null where there was none
       * @throws Error with the words of the library: a field that is not there, an operator that does not fit
       */
      readonly test: (object: unknown, baseline: unknown) => boolean;
    }
  | { readonly kind: 'invalid'; readonly message: string };

/** Fields of any object are `dyn`, as with objects that have no schema in Kubernetes's own CEL. */
const ENVIRONMENT = new Environment({
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
})
  .registerVariable('object', 'dyn')
  .registerVariable('baseline', 'dyn');

export function compileCel(expression: string): Compiled {
  let run: ParseResult;
  try {
    run = ENVIRONMENT.parse(expression);
    const checked = run.check();
    if (!checked.valid) throw checked.error;
    if (checked.type !== 'bool' && checked.type !== 'dyn') {
      return { kind: 'invalid', message: `wanted an expression of bool, found ${checked.type}` };
    }
  } catch (thrown) {
    return { kind: 'invalid', message: `does not compile as CEL: ${celMessage(thrown)}` };
  }
  return {
    kind: 'expression',
    test(object, baseline) {
      const value: unknown = run({ object: celValue(object), baseline: celValue(baseline) });
      if (typeof value === 'boolean') return value;
      throw new Error(`wanted true or false, found ${clip(String(value), 60)}`);
    },
  };
}

/** What the library says without the drawing of where: a condition is one line. */
export function celMessage(thrown: unknown): string {
  const { summary, message } = thrown as { summary?: string; message?: string };
  return clip(summary ?? message ?? String(thrown));
}

/** Whole numbers of JSON are `int` in CEL, which the library keeps as bigint. */
export function celValue(value: unknown): unknown {
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, celValue(one)]));
}

/** Whether an expression needs the objects as they were before the run; a mention is enough. */
export function mentionsBaseline(expression: string): boolean {
  return /\bbaseline\b/.test(expression);
}
