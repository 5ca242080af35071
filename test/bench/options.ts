import { parseArgs } from 'node:util';
import { BROKEN_CASES, type BrokenCase } from '../support/cuts/broken.ts';

/** The parts of the bench, in the order in which they run: what is measured alone comes first. */
export const PARTS = [
  'start',
  'agent',
  'download',
  'channels',
  'cluster',
  'hosts',
  'faults',
] as const;
export type PartName = (typeof PARTS)[number];

export const USAGE = `npm run bench -- [PART ...] [FLAGS]

  Measures, and exits with 1 when the worst sample of a figure is beyond its bound. All parts unless some
  are named:

  start      how long the command line takes to start
  agent      the agent alone: memory at rest, in the course of 10,000 orders and in a download
  download   what a download and its verification cost, and how much of a slow link is used
  channels   10,000 clusters that poll a channel, simulated and against a server
  cluster    updates of a simulated cluster of seven nodes
  hosts      updates of five Debian hosts; needs root on Debian
  faults     every broken release on those hosts: how long until they are as before
  scale      one run over thousands of nodes; only when it is named, with flags of its own (scale --help)

  --fault NAME[:ROLE]   of faults only this one, such as late or late:worker; may be repeated
  --trace FILE          writes down what an onlooker sees of each update, a line each
`;

export interface BenchOptions {
  /** In the order in which they run. */
  readonly parts: readonly PartName[];
  /** Broken releases that are measured, of those that are found out only when they run. */
  readonly faults: readonly BrokenCase[];
  readonly traceFile: string | undefined;
}

const FAULTS = BROKEN_CASES.filter(({ phase }) => phase === 'Undone');

/** @throws Error that names what was not understood */
export function parseOptions(argv: readonly string[]): BenchOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      fault: { type: 'string', multiple: true, default: [] },
      trace: { type: 'string' },
    },
  });
  if (values.help) return 'help';
  const other = positionals.find((word) => !PARTS.some((part) => part === word));
  if (other !== undefined) throw new Error(`wanted ${PARTS.join(', ')}, found ${other}`);
  return {
    parts: positionals.length === 0 ? PARTS : PARTS.filter((part) => positionals.includes(part)),
    faults: values.fault.length === 0 ? FAULTS : values.fault.flatMap(faultsNamed),
    traceFile: values.trace,
  };
}

function faultsNamed(text: string): readonly BrokenCase[] {
  const [name, role] = text.split(':');
  const found = FAULTS.filter((one) => one.fault === name && (role ?? one.role) === one.role);
  if (found.length > 0) return found;
  const known = FAULTS.map(({ fault, role: on }) => `${fault}:${on}`).join(', ');
  throw new Error(`wanted one or both of ${known}; found ${text}`);
}
