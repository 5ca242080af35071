import { CONTROLLER_KUBECONFIG } from '../install/units-systemd.ts';

/** One of the two programs of a controller, as it is started. */
export interface Job {
  readonly name: 'agent' | 'controller';
  /** After the program itself. */
  readonly args: readonly string[];
  /** Without root's rights, and among the first to be ended when memory runs out. */
  readonly isOrdinary: boolean;
}

/** @param environment where the files of flags have been read into */
export function jobsOf(environment: Readonly<Record<string, string | undefined>>): readonly Job[] {
  const flags = (name: string) => (environment[name] ?? '').split(/\s+/).filter(Boolean);
  return [
    { name: 'agent', args: ['agent', ...flags('AUTOPILOT_AGENT_ARGS')], isOrdinary: false },
    {
      name: 'controller',
      args: [
        'controller',
        '--kubeconfig',
        CONTROLLER_KUBECONFIG,
        ...flags('AUTOPILOT_CONTROLLER_ARGS'),
      ],
      isOrdinary: true,
    },
  ];
}

/** What a job is told of the world: nothing of how its keeper itself was started. */
export function environmentOf(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const { AUTOPILOT_LEAN: _lean, MALLOC_ARENA_MAX: _arenas, ...rest } = environment;
  return { ...rest, AUTOPILOT_KEPT: '1' };
}

const FIRST_MS = 1000;
const MOST_MS = 30_000;
/** One that has lasted so long has not failed at its start. */
const WELL_AFTER_MS = 60_000;

/**
 * How long to wait before a job that has ended is started again. The agent is needed at once, whatever becomes of it:
 * an update on trial has no other keeper.
 * @param failures in a row, this one among them
 */
export function pauseMs(job: Job, failures: number): number {
  return job.name === 'agent' ? FIRST_MS : Math.min(MOST_MS, FIRST_MS * 2 ** (failures - 1));
}

/** @returns failures in a row, with the one that has just been seen */
export function countFailures(before: number, lastedMs: number): number {
  return lastedMs >= WELL_AFTER_MS ? 1 : before + 1;
}
