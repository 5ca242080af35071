import { parseArgs } from 'node:util';
import type { Fault } from '../../test/support/releases.ts';

/** The faults that the demo can show, and that are seen on the first node. */
export const DEMO_FAULTS = ['exits', 'kubelet', 'version'] as const satisfies readonly Fault[];

export interface DemoOptions {
  /** `late`: nothing is seen on trial; it is put back by a person. */
  readonly fault: (typeof DEMO_FAULTS)[number] | 'late';
  /** What is killed in the middle of the update. */
  readonly kill: 'orchestrator' | 'agent' | undefined;
  /** Debian hosts in place of processes. */
  readonly hosts: boolean;
  readonly keep: boolean;
  readonly json: boolean;
}

export const USAGE = `npm run demo -- [options]

  A Kubernetes cluster of three controllers and four workers updates itself, then refuses a broken release, or puts it back.

  --fault exits|kubelet|version|late
                                  what is wrong with the broken release      (exits)
                                    exits    its process ends as soon as it is started
                                    kubelet  its node never becomes Ready
                                    version  it runs, and says it is another version
                                    late     it is good at first, and dies a while after it was kept everywhere:
                                             the whole run is put back
  --kill orchestrator|agent       kill one with SIGKILL in the middle of the update; it is started again
  --hosts                         three controllers and two workers, each a Debian host with its own systemd,
                                  network and disk; needs root on Debian
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
      hosts: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { kill, hosts, keep, json } = values;
  const known = [...DEMO_FAULTS, 'late'] as const;
  const fault = known.find((one) => one === values.fault);
  if (fault === undefined) {
    const names = known.join(', ');
    throw new Error(`--fault: wanted ${names}, found ${JSON.stringify(values.fault)}`);
  }
  if (kill !== undefined && kill !== 'orchestrator' && kill !== 'agent') {
    throw new Error(`--kill: wanted orchestrator or agent, found ${JSON.stringify(kill)}`);
  }
  return { fault, kill, hosts, keep, json };
}
