import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { isSea } from 'node:sea';
import { setTimeout as delay } from 'node:timers/promises';
import { AutopilotError } from '../errors.ts';
import { USER } from '../install/units-systemd.ts';
import { findUser } from '../install/user-linux.ts';
import { countFailures, environmentOf, type Job, jobsOf, pauseMs } from './jobs.ts';

/** Within it both have to end when they are told to; the service manager waits a little longer. */
const ENDS_WITHIN_MS = 15_000;
const USUAL_OOM_SCORE = '0';

/** What `autopilot both` needs is not there. */
class NotInstalledError extends AutopilotError {
  readonly reason = 'NotInstalled';
  readonly retryable = false;
}

/**
 * Agent and orchestrator of a controller as one service: starts each as a process of its own, and again when it ends.
 * Neither can take the other one down, and the orchestrator is no root.
 * @throws NotInstalledError without the user that the orchestrator runs as
 */
export async function runBoth(argv: readonly string[], stop: AbortSignal): Promise<number> {
  if (argv.length > 0) {
    process.stderr.write(
      `autopilot both: wanted no flags, found ${argv.join(' ')}: they are in AUTOPILOT_AGENT_ARGS and AUTOPILOT_CONTROLLER_ARGS\n`,
    );
    return 2;
  }
  const user = await findUser(USER);
  if (user === undefined) {
    throw new NotInstalledError(`wanted the user ${USER}, found none: \`autopilot install both\``);
  }
  await Promise.all(jobsOf(process.env).map((job) => keep(job, user, stop)));
  return 0;
}

async function keep(
  job: Job,
  user: { readonly uid: number; readonly gid: number },
  stop: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!stop.aborted) {
    const beganMs = performance.now();
    const child = start(job, user);
    const how = await ended(child, stop);
    if (stop.aborted) return;
    failures = countFailures(failures, performance.now() - beganMs);
    const waitMs = pauseMs(job, failures);
    process.stderr.write(
      `${JSON.stringify({ level: 50, time: Date.now(), program: 'both', job: job.name, how, waitMs, msg: 'a program has ended and is started again' })}\n`,
    );
    await delay(waitMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

function start(job: Job, user: { readonly uid: number; readonly gid: number }): ChildProcess {
  const script = isSea() ? [] : [...process.execArgv, process.argv[1] ?? ''];
  const child = spawn(process.execPath, [...script, ...job.args], {
    // At the end of its input a job knows that its keeper is gone, however that went.
    stdio: ['pipe', 'inherit', 'inherit'],
    env: environmentOf(process.env),
    ...(job.isOrdinary ? user : {}),
  });
  if (job.isOrdinary && child.pid !== undefined) {
    try {
      writeFileSync(`/proc/${child.pid}/oom_score_adj`, USUAL_OOM_SCORE);
    } catch {
      // it has ended already, or this kernel does not have it
    }
  }
  return child;
}

/** Tells a child to end when `stop` is aborted, and ends it when it does not. @returns how it ended, for the log */
function ended(child: ChildProcess, stop: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    let deadline: NodeJS.Timeout | undefined;
    const tell = () => {
      child.kill('SIGTERM');
      deadline = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
    };
    const over = (how: string) => {
      clearTimeout(deadline);
      stop.removeEventListener('abort', tell);
      resolve(how);
    };
    child.once('error', (thrown) => over(thrown.message));
    child.once('exit', (code, signal) => over(signal ?? `exit code ${code}`));
    if (stop.aborted) tell();
    else stop.addEventListener('abort', tell, { once: true });
  });
}
