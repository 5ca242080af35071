import { parseArgs } from 'node:util';
import type { IdleOptions } from './idle.ts';

/** What is asked for: one run for each number of nodes, or none of them at all. */
export interface ScaleRequest {
  readonly runs: readonly ScaleOptions[];
  /** Nothing is to be done on so many nodes, for so many seconds. */
  readonly idle?: IdleOptions | undefined;
  /** Nobody judges: what the API server bears at the most. */
  readonly isFloor?: boolean;
  /** Where figures and plot are left. */
  readonly out?: string | undefined;
}

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
  /** Where the orchestrator's CPU profile is to be left. */
  readonly profile?: string | undefined;
}

export const SCALE_USAGE = `npm run bench -- scale [--nodes N,N,...] [--concurrent C] [--answer-ms MS] [--drain] [--flaky P] [--seed S]
                        [--profile DIR] [--out DIR]
npm run bench -- scale --floor [--nodes N] [--concurrent C] [--answer-ms MS]
npm run bench -- scale --idle [--nodes N] [--heartbeats R] [--renewals R] [--seconds S]

  One run over N nodes, C at once, on a real etcd and API server; agents are simulated, all in one process. Several
  numbers of nodes are run one after the other, and how the figures grow is told as an exponent.

  --nodes N        1000 unless said otherwise; 100,1000,10000 for the growth
  --concurrent C   a tenth of them, 500 at most
  --answer-ms MS   how long an agent takes for each thing it is told; 0
  --drain          two pods on every node, with a budget: nodes are drained
  --flaky P        the share of answers, 0 to 1, that fail, never come, come late or come twice; 0
  --seed S         of these faults
  --profile DIR    leaves a CPU profile of the orchestrator there
  --out DIR        leaves scale.json and scale.svg there; docs/development for the figures of the project
  --floor          no run: the same writes to the same nodes and agents, as fast as they answer, with nobody to judge;
                   no orchestrator could be faster with that API server on that machine
  --idle           no run: what the orchestrator takes of a core while nothing is to be done
  --heartbeats R   of agents, a second; 30
  --renewals R     of the Leases of nodes, a second; 30
  --seconds S      for how long; 60
`;

const MOST_CONCURRENT = 500;

/** @throws Error that says which option, what was wanted and what was found */
export function parseScale(argv: readonly string[]): ScaleRequest {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      nodes: { type: 'string', default: '1000' },
      concurrent: { type: 'string' },
      'answer-ms': { type: 'string', default: '0' },
      drain: { type: 'boolean', default: false },
      flaky: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      profile: { type: 'string' },
      out: { type: 'string' },
      floor: { type: 'boolean', default: false },
      idle: { type: 'boolean', default: false },
      heartbeats: { type: 'string', default: '30' },
      renewals: { type: 'string', default: '30' },
      seconds: { type: 'string', default: '60' },
    },
  });
  const sizes = values.nodes.split(',').map((text) => wholeNumber('--nodes', text, 1));
  if (values.idle) {
    const idle = {
      nodes: sizes[0]!,
      heartbeatsPerSecond: wholeNumber('--heartbeats', values.heartbeats, 0),
      renewalsPerSecond: wholeNumber('--renewals', values.renewals, 0),
      seconds: wholeNumber('--seconds', values.seconds, 1),
    };
    return { runs: [], idle, out: values.out };
  }
  const flaky = Number(values.flaky);
  if (!(flaky >= 0 && flaky <= 1)) throw new Error(`--flaky: wanted 0 to 1, found ${values.flaky}`);
  const concurrentOf = (nodes: number) =>
    values.concurrent ?? `${Math.min(MOST_CONCURRENT, Math.ceil(nodes / 10))}`;
  const runs = sizes.map((nodes) => ({
    nodes,
    concurrent: wholeNumber('--concurrent', concurrentOf(nodes), 1),
    answerMs: wholeNumber('--answer-ms', values['answer-ms'], 0),
    drain: values.drain,
    flaky,
    seed: wholeNumber('--seed', values.seed, 0),
    profile: values.profile,
  }));
  return { runs, isFloor: values.floor, out: values.out };
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`${option}: wanted a whole number from ${least} on, found ${text}`);
}
