/** The parts of the bench, in the order in which they run: what is measured alone comes first. */
export const PARTS = ['start', 'agent', 'download', 'cluster', 'hosts', 'faults'] as const;
export type PartName = (typeof PARTS)[number];

export const USAGE = `npm run bench -- [PART ...]

  Measures, and exits with 1 when the worst sample of a figure is beyond its bound. All parts unless some
  are named:

  start      how long the command line takes to start
  agent      the agent alone: memory at rest, in the course of 10,000 orders and in a download
  download   what a download and its verification cost, and how much of a slow link is used
  cluster    updates of a simulated cluster of seven nodes
  hosts      updates of five Debian hosts; needs root on Debian
  faults     every broken release on those hosts: how long until they are as before
`;

/** @returns the parts that were asked for, in the order in which they run @throws Error that names the other */
export function parseParts(argv: readonly string[]): readonly PartName[] | 'help' {
  if (argv.includes('--help')) return 'help';
  const other = argv.find((word) => !PARTS.some((part) => part === word));
  if (other !== undefined) throw new Error(`wanted ${PARTS.join(', ')}, found ${other}`);
  return argv.length === 0 ? PARTS : PARTS.filter((part) => argv.includes(part));
}
