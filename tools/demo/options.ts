import { parseArgs } from 'node:util';
import { FAULTS, type Fault } from '../../test/support/releases.ts';

export interface DemoOptions {
  readonly fault: Fault;
  /** What is killed in the middle of the update. */
  readonly kill: 'orchestrator' | 'agent' | undefined;
  readonly keep: boolean;
  readonly json: boolean;
}

export const USAGE = `npm run demo -- [options]

  A Kubernetes cluster of three controllers and four workers updates itself, then refuses a broken release.

  --fault exits|kubelet|version   what is wrong with the broken release      (exits)
                                    exits    its process ends as soon as it is started
                                    kubelet  its node never becomes Ready
                                    version  it runs, and says it is another version
  --kill orchestrator|agent       kill one with SIGKILL in the middle of the update; it is started again
  --keep                          leave the cluster up afterwards, until Ctrl-C
  --json                          print the summary as JSON; progress goes to standard error
  --help                          this text
`;

/** @throws Error that names the option */
export function parseDemoOptions(argv: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      fault: { type: 'string', default: 'exits' },
      kill: { type: 'string' },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { kill, keep, json } = values;
  const fault = FAULTS.find((known) => known === values.fault);
  if (fault === undefined) {
    throw new Error(`--fault: wanted ${FAULTS.join(', ')}, found ${JSON.stringify(values.fault)}`);
  }
  if (kill !== undefined && kill !== 'orchestrator' && kill !== 'agent') {
    throw new Error(`--kill: wanted orchestrator or agent, found ${JSON.stringify(kill)}`);
  }
  return { fault, kill, keep, json };
}
