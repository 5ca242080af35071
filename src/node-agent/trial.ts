import type { Failure } from './failure.ts';
import type { K0sStatus, ServiceState } from './host.ts';
import type { OpenSignal } from './journal.ts';

/** What an agent sees of a k0s on trial. */
export interface TrialView {
  readonly version: string | undefined;
  readonly sha256: string | undefined;
  readonly pid: number | undefined;
  /** When that process was first seen, by the host's uptime. */
  readonly pidSinceMs: number;
  readonly exits: number;
  readonly healthy: boolean;
  /** One sentence; also where all is well. */
  readonly message: string;
  /** Answers in a row, of one process, with a version that is not the artifact's. */
  readonly wrongAnswers: number;
  readonly lastOutput: string;
}

/** What one look at the host told. */
export interface Look {
  readonly status: K0sStatus;
  /** Undefined where the service manager could not be asked. */
  readonly service: ServiceState | undefined;
  /** Of the running process's file. */
  readonly sha256: string | undefined;
}

/** A process that exits so often is not on its way up. */
const EXITS_TOO_MANY = 3;
/** One answer may come from a process that is about to end; this many of the same process are the truth. */
const WRONG_ANSWERS_TOO_MANY = 3;

/** Longer than a release that dies again and again lasts in between. */
const STEADY_AFTER_EXIT_MS = 30_000;

/** Adds one look, at `nowMs` of the host's uptime, to what was seen before. */
export function observe(
  signal: OpenSignal,
  before: TrialView | undefined,
  look: Look,
  nowMs: number,
): TrialView {
  const { artifact } = signal.order;
  const seenPid = look.status.kind === 'answers' ? look.status.pid : look.service?.pid;
  const pidSinceMs = before !== undefined && before.pid === seenPid ? before.pidSinceMs : nowMs;
  const exits = exitsSince(signal.restart?.exits ?? 0, look.service) ?? before?.exits ?? 0;
  const lastOutput = look.service?.lastOutput ?? before?.lastOutput ?? '';
  if (look.status.kind === 'silent') {
    const pid = seenPid;
    const process = pid === undefined ? 'no process runs' : `process ${pid} runs`;
    return {
      version: undefined,
      sha256: look.sha256,
      pid,
      pidSinceMs,
      exits,
      healthy: false,
      message: `${process}, and the status socket does not answer: ${look.status.message}`,
      wrongAnswers: 0,
      lastOutput,
    };
  }
  const { version, pid } = look.status;
  const seen = { version, pid, pidSinceMs, exits, lastOutput, sha256: look.sha256 };
  const ownProcess = look.service === undefined || look.service.pid === pid;
  const rightVersion = artifact.force || version === artifact.version;
  if (!rightVersion) {
    // a process of before the restart, still answering, says nothing about the new one
    const counts = ownProcess && pid !== signal.restart?.oldPid;
    const inARow = before?.pid === pid ? before.wrongAnswers + 1 : 1;
    return {
      ...seen,
      healthy: false,
      message: `wanted ${artifact.version}, but process ${pid} answers ${version} on the status socket`,
      wrongAnswers: counts ? inARow : 0,
    };
  }
  const wanted = signal.staged?.sha256;
  if (look.sha256 !== wanted) {
    return {
      ...seen,
      healthy: false,
      message: `process ${pid} answers ${version}, but runs a file with sha256 ${look.sha256 ?? 'unknown'}, wanted ${wanted}`,
      wrongAnswers: 0,
    };
  }
  // between two of its deaths the worst release looks well
  if (ownProcess && exits > 0 && nowMs - pidSinceMs < STEADY_AFTER_EXIT_MS) {
    const times = exits === 1 ? 'once' : `${exits} times`;
    return {
      ...seen,
      healthy: false,
      message: `process ${pid} runs ${version}, but k0s has exited ${times} since it was put in place; it must last ${STEADY_AFTER_EXIT_MS / 1000} s`,
      wrongAnswers: 0,
    };
  }
  return {
    ...seen,
    healthy: ownProcess,
    message: ownProcess
      ? `process ${pid} runs ${version}`
      : `process ${pid} answers ${version}, but the service manager's is ${look.service?.pid ?? 'not running'}`,
    wrongAnswers: 0,
  };
}

/** A service manager that was started anew counts from zero again. */
function exitsSince(before: number, service: ServiceState | undefined): number | undefined {
  if (service === undefined) return undefined;
  return service.exits >= before ? service.exits - before : service.exits;
}

/** What needs no deadline to be known: the new k0s is broken. Undefined is "nothing definite yet". */
export function judgeTrial(signal: OpenSignal, view: TrialView | undefined): Failure | undefined {
  if (view === undefined) return undefined;
  const { version } = signal.order.artifact;
  if (view.exits >= EXITS_TOO_MANY) {
    const said = view.lastOutput.trim();
    return {
      class: 'Artifact',
      reason: 'ProcessExits',
      message: `k0s ${version} exited ${view.exits} times since it was put in place${said ? `; it last printed: ${tail(said)}` : ''}`,
    };
  }
  if (view.wrongAnswers >= WRONG_ANSWERS_TOO_MANY) {
    return { class: 'Artifact', reason: 'WrongVersionRuns', message: view.message };
  }
  return undefined;
}

/** Enough of it to recognise the trouble; all of it is in the host's log. */
function tail(text: string): string {
  // A process that exits again and again says the same again and again.
  const lines = [...new Set(text.split('\n'))].slice(-3).join(' | ');
  return lines.length > 400 ? `...${lines.slice(-400)}` : lines;
}
