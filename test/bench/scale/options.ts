import { parseArgs } from 'node:util';

export interface ScaleOptions {
  readonly nodes: number;
  readonly concurrent: number;
  /** How long an agent takes for each thing that it is told. */
  readonly answerMs: number;
  /** Pods on every node, and a budget over them: nodes are drained. */
  readonly drain: boolean;
  /** 0 to 1: the share of answers that fail, never come, come late or come twice, a quarter each. */
  readonly flaky: number;
  /** Of the faults of `flaky`. */
  readonly seed: number;
  /** For so long nothing is to be done, before the run: agents only send their heartbeats. */
  readonly idleS: number;
  /** Where the orchestrator's CPU profile is to be left. */
  readonly profile?: string | undefined;
}

export const SCALE_USAGE = `npm run bench -- scale [--nodes N] [--concurrent C] [--answer-ms MS] [--drain] [--flaky P] [--seed S]
                        [--idle SECONDS] [--profile DIR]

  One run over N nodes, C at once, on a real etcd and API server; agents are simulated, all in one process.

  --nodes N        1000 unless said otherwise
  --concurrent C   a tenth of them
  --answer-ms MS   how long an agent takes for each thing it is told; 0
  --drain          two pods on every node, with a budget: nodes are drained
  --flaky P        the share of answers, 0 to 1, that fail, never come, come late or come twice; 0
  --seed S         of these faults
  --idle SECONDS   before the run: nothing is to be done, and agents send 30 heartbeats a second; 0
  --profile DIR    leaves a CPU profile of the orchestrator there
`;

/** @throws Error that says which option, what was wanted and what was found */
export function parseScale(argv: readonly string[]): ScaleOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      nodes: { type: 'string', default: '1000' },
      concurrent: { type: 'string' },
      'answer-ms': { type: 'string', default: '0' },
      drain: { type: 'boolean', default: false },
      flaky: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      idle: { type: 'string', default: '0' },
      profile: { type: 'string' },
    },
  });
  const nodes = wholeNumber('--nodes', values.nodes, 1);
  const flaky = Number(values.flaky);
  if (!(flaky >= 0 && flaky <= 1)) throw new Error(`--flaky: wanted 0 to 1, found ${values.flaky}`);
  return {
    nodes,
    concurrent: wholeNumber('--concurrent', values.concurrent ?? `${Math.ceil(nodes / 10)}`, 1),
    answerMs: wholeNumber('--answer-ms', values['answer-ms'], 0),
    drain: values.drain,
    flaky,
    seed: wholeNumber('--seed', values.seed, 0),
    idleS: wholeNumber('--idle', values.idle, 0),
    profile: values.profile,
  };
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`${option}: wanted a whole number from ${least} on, found ${text}`);
}
