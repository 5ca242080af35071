import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import type { PlanSpec } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import { celValue } from '../gates/cel.ts';
import { isWell, SPEC_VARIABLES, SPEC_WARNINGS, sentence } from './spec-warnings.ts';

export interface OddSpec {
  readonly reason: Reason;
  /** What the API server says when the Plan is applied. */
  readonly message: string;
}

const environment = new Environment({ homogeneousAggregateLiterals: false }).registerVariable(
  'variables',
  'dyn',
);

interface Question {
  readonly reason: Reason;
  readonly isWell: ParseResult;
  readonly sentence: ParseResult;
}

const VARIABLES = SPEC_VARIABLES.map(([name, text]) => [name, environment.parse(text)] as const);
const QUESTIONS: readonly Question[] = SPEC_WARNINGS.map((one) => ({
  reason: one.reason,
  isWell: environment.parse(isWell(one)),
  sentence: environment.parse(sentence(one)),
}));

/** What a spec says that k0s accepts and should not; empty where there is nothing. */
export function oddities({ commands }: Pick<PlanSpec, 'commands'>): OddSpec[] {
  const variables: Record<string, unknown> = { commands: celValue(commands) };
  for (const [name, run] of VARIABLES) variables[name] = run({ variables });
  return QUESTIONS.filter((one) => one.isWell({ variables }) !== true).map((one) => ({
    reason: one.reason,
    message: String(one.sentence({ variables })),
  }));
}
