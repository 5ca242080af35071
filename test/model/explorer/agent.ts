import {
  afterBoot,
  type Binary,
  beginSignal,
  forgetSignal,
  isOfThisBoot,
  type Journal,
  type Now,
  type OpenSignal,
  spanFrom,
} from '../../../src/node-agent/journal.ts';
import { type OrderView, viewOrder } from '../../../src/node-agent/order-view.ts';
import { decideSettle } from '../../../src/node-agent/settle-decide.ts';
import { signalOf } from '../../../src/node-agent/signal-report.ts';
import { answerTo, decide, type Next } from '../../../src/node-agent/steps.ts';
import type { TrialView } from '../../../src/node-agent/trial.ts';
import { isSettled } from '../../../src/signals/lifecycle.ts';
import type { Signal } from '../../../src/signals/report.ts';
import { isSame } from './canonical.ts';
import { isServing } from './host.ts';
import type { Fault, Host } from './state.ts';
import { essentialSpans, NOW_MS, UPTIME_MS } from './time.ts';

export const SHA_OLD = 'a'.repeat(64);
export const SHA_NEW = 'b'.repeat(64);
/** What a mirror hands out that has another file. */
export const SHA_OTHER = 'c'.repeat(64);

/** How long an agent that confirms by itself wants to see k0s healthy. */
const ALONE_AFTER_MS = 30_000;

/** One way in which an agent's next step may go. */
export interface Way {
  readonly what: string;
  readonly host: Host;
  /** What must go wrong for it. */
  readonly fault?: Fault;
}

export interface AgentRules {
  readonly confirmAlone: boolean;
}

const views = new Map<string, OrderView>();

function viewOf(order: string | undefined): OrderView {
  const key = order ?? '';
  let view = views.get(key);
  if (view === undefined) {
    view = viewOrder(order);
    views.set(key, view);
  }
  return view;
}

function nowOf(host: Host): Now {
  return { bootId: `boot-${host.boot}`, uptimeMs: UPTIME_MS };
}

function nextOf(host: Host, { confirmAlone }: AgentRules): Next {
  return decide({
    now: nowOf(host),
    journal: host.journal,
    order: viewOf(host.order),
    trial: host.trial === undefined ? undefined : { ...host.trial, seenAtMs: UPTIME_MS },
    untidy: host.untidy,
    confirm: confirmAlone ? { by: 'local', afterMs: ALONE_AFTER_MS } : { by: 'cluster' },
    // Of the time that passes only the end is a step: it has tried and failed until then.
    undoFailed: true,
  });
}

/** The next step of an agent by the real decision, and what may come of it; nothing where it waits. */
export function agentWays(host: Host, rules: AgentRules): Way[] {
  if (!host.exists || host.silent) return [];
  const next = nextOf(host, rules);
  if (next.do === 'wait') {
    // It looks again all the time, and only news is a step.
    if (next.forMs === undefined || host.trial === undefined) return [];
    const looked = look(host);
    return isSame(looked.trial!.view, host.trial.view)
      ? []
      : [{ what: 'looks again', host: looked }];
  }
  return waysOf(host, next).map((way) => ({
    ...way,
    what: `${next.do}${way.what && ` ${way.what}`}`,
  }));
}

function waysOf(host: Host, next: Exclude<Next, { do: 'wait' }>): Way[] {
  const { journal } = host;
  if (next.do === 'begin') {
    const begun = beginSignal(journal, next.order, nowOf(host));
    return [
      { what: next.order.id, host: { ...write(host, begun), trial: undefined, untidy: true } },
    ];
  }
  if (next.do === 'tidy') return [{ what: '', host: { ...host, untidy: false } }];
  const signal = journal.signal!;
  switch (next.do) {
    case 'accept': {
      const epoch = Math.max(journal.epoch, next.order.epoch);
      const accepted = { ...signal, goal: next.order.goal, epoch };
      return [
        { what: next.order.goal, host: write(host, { ...journal, epoch, signal: accepted }) },
      ];
    }
    case 'cancel':
      return [{ what: '', host: enter(host, { ...signal, phase: 'Cancelled' }) }];
    case 'forget':
      return [{ what: '', host: write(host, forgetSignal(journal)) }];
    case 'stage':
      return stage(host, signal);
    case 'backup': {
      const backup = { path: `/backups/${signal.order.id}.tar.gz`, size: 7 };
      return [
        { what: '', host: write(host, { ...journal, signal: { ...signal, backup } }) },
        { ...fail(host, signal, 'BackupFailed'), fault: 'noBackup' },
      ];
    }
    case 'apply': {
      const trial = spanFrom(nowOf(host), signal.order.durations.confirmMs);
      const previous = host.live;
      const applied = { ...signal, phase: 'Applying' as const, trial };
      const isBundle = signal.order.artifact.kind === 'airgap';
      return [{ what: '', host: enter(host, isBundle ? applied : { ...applied, previous }) }];
    }
    case 'deliver': {
      const delivered = { ...host, delivered: signal.staged!.sha256 };
      return [{ what: '', host: enter(delivered, { ...signal, phase: 'Committed' }) }];
    }
    case 'swap':
      return swap(host, signal);
    case 'restart':
      return restart(host, signal);
    case 'check':
      return [{ what: '', host: look(host) }];
    case 'remeasure':
      return [
        { what: '', host: write(host, { ...journal, signal: remeasured(signal, nowOf(host)) }) },
      ];
    case 'commit': {
      const committed: OpenSignal = { ...signal, phase: 'Committed' };
      delete committed.failure;
      const kept = { ...host, kept: host.live };
      return [{ what: '', host: enter(kept, committed) }];
    }
    case 'hold':
      return [{ what: '', host: enter(host, { ...signal, phase: 'Held', failure: next.failure }) }];
    case 'turnBack': {
      const undoing = spanFrom(nowOf(host), signal.order.durations.confirmMs);
      const { failure } = next;
      return [{ what: '', host: enter(host, { ...signal, phase: 'Undoing', failure, undoing }) }];
    }
    case 'undo':
      return undo(host, signal);
    case 'giveUp':
      return [fail({ ...host, gaveUp: true }, signal, 'SwapFailed')];
  }
}

function stage(host: Host, signal: OpenSignal): Way[] {
  const { version, sha256: wanted } = signal.order.artifact;
  const fetched = (sha256: string): Host =>
    wanted === undefined || wanted === sha256
      ? enter(host, {
          ...signal,
          phase: 'Staged',
          staged: { version, sha256, size: 1 },
          previous: host.live,
        })
      : fail(host, signal, 'ChecksumMismatch').host;
  return [
    { what: '', host: fetched(SHA_NEW) },
    { what: 'another file', host: fetched(SHA_OTHER), fault: 'otherFile' },
    { ...fail(host, signal, 'DownloadFailed'), fault: 'noDownload' },
  ];
}

function swap(host: Host, signal: OpenSignal): Way[] {
  const { version, sha256 } = signal.staged!;
  const swapped = { ...host, live: { version, sha256 } };
  const told = { bootId: nowOf(host).bootId, exits: 0, oldPid: 1 };
  return [
    { what: '', host: enter(swapped, { ...signal, restart: told }) },
    { what: 'and dies', host: withoutMemory(swapped), fault: 'agentDies' },
    ...(host.live.sha256 === sha256
      ? []
      : [{ ...fail(host, signal, 'SwapFailed'), fault: 'noSwap' as const }]),
  ];
}

function restart(host: Host, signal: OpenSignal): Way[] {
  const trial = spanFrom(nowOf(host), signal.order.durations.confirmMs);
  const started: Host = { ...host, running: host.live, readySinceMs: NOW_MS, trial: undefined };
  const up = (one: Host) => enter(one, { ...signal, phase: 'OnTrial', trial });
  return [
    { what: '', host: up(started) },
    { what: 'and exits', host: up({ ...started, sick: 'exits' }), fault: 'exits' },
    { what: 'unhealthy', host: up({ ...started, sick: 'unhealthy' }), fault: 'unhealthy' },
    ...(host.role === 'worker'
      ? [{ what: 'hung', host: up({ ...started, sick: 'hung' as const }), fault: 'hung' as const }]
      : []),
    { what: 'and dies', host: withoutMemory(started), fault: 'agentDies' },
  ];
}

function undo(host: Host, signal: OpenSignal): Way[] {
  const previous = signal.previous!;
  const back: Host = {
    ...host,
    live: previous,
    running: previous,
    sick: undefined,
    readySinceMs: NOW_MS,
  };
  return [
    { what: '', host: enter(back, { ...signal, phase: 'Undone' }) },
    { what: 'and dies', host: withoutMemory(back), fault: 'agentDies' },
  ];
}

function look(host: Host): Host {
  const { live, running, sick } = host;
  const isNew = isSame(live, running);
  const exits = sick === 'exits' ? 3 : 0;
  const healthy = isNew && sick !== 'exits' && sick !== 'unhealthy';
  const view: TrialView = {
    version: running.version,
    sha256: running.sha256,
    pid: 2,
    pidSinceMs: UPTIME_MS,
    exits,
    healthy,
    message: healthy ? 'runs' : 'does not answer',
    wrongAnswers: 0,
    lastOutput: '',
  };
  const healthySinceMs = healthy ? (host.trial?.healthySinceMs ?? UPTIME_MS) : undefined;
  return { ...host, trial: { view, healthySinceMs } };
}

function fail(
  host: Host,
  signal: OpenSignal,
  reason: 'BackupFailed' | 'DownloadFailed' | 'ChecksumMismatch' | 'SwapFailed',
): Way {
  const failure = { class: 'Environment', reason, message: reason } as const;
  return { what: 'fails', host: enter(host, { ...signal, phase: 'Failed', failure }) };
}

function enter(host: Host, signal: OpenSignal): Host {
  const written = write(host, { ...host.journal, signal: essentialSpans(signal) });
  if (!isSettled(signal.phase)) return written;
  return {
    ...written,
    untidy: true,
    trial: signal.phase === 'Committed' ? written.trial : undefined,
  };
}

function write(host: Host, journal: Journal): Host {
  return { ...host, journal };
}

function remeasured(signal: OpenSignal, now: Now): OpenSignal {
  const again = { ...signal };
  for (const key of ['staging', 'trial', 'undoing'] as const) {
    const span = again[key];
    if (span && !isOfThisBoot(span, now)) again[key] = afterBoot(span, now);
  }
  return essentialSpans(again);
}

/** An agent that was killed: what is not on the disk is gone. */
export function withoutMemory(host: Host): Host {
  return { ...host, trial: undefined, untidy: true };
}

/** The host is booted: what was cut short is settled before k0s starts. */
export function booted(before: Host): Host {
  let host: Host = { ...withoutMemory(before), boot: before.boot + 1, readySinceMs: NOW_MS };
  const known: { live?: string; kept?: string } = {};
  const keptBinary = (): Binary | undefined => host.journal.signal?.previous;
  for (;;) {
    const step = decideSettle({
      journal: host.journal,
      now: nowOf(host),
      paths: { binary: '/k0s', undo: '/k0s.undo' },
      ...known,
    });
    if (step.do === 'done') break;
    if (step.do === 'measure') {
      if (step.which === 'live') known.live = host.live.sha256;
      else known.kept = keptBinary()?.sha256 ?? '';
    } else if (step.do === 'write') {
      const { signal } = step.journal;
      host = write(host, {
        ...step.journal,
        ...(signal === undefined ? {} : { signal: essentialSpans(signal) }),
      });
    } else {
      host = { ...host, live: keptBinary()!, sick: undefined };
      known.live = host.live.sha256;
    }
  }
  const isOther = !isSame(host.live, host.running);
  return { ...host, running: host.live, sick: isOther ? undefined : host.sick };
}

/** What the agent would tell of its order at this moment. */
export function signalNow(host: Host): Signal | undefined {
  return signalOf({
    journal: host.journal,
    answer: answerTo(host.journal, viewOf(host.order)),
    trial: host.trial?.view,
    progress: undefined,
    trouble: undefined,
  });
}

/** The report is written. @returns undefined where it says already what there is to say */
export function told(host: Host): Host | undefined {
  if (!host.exists || host.silent) return undefined;
  const signal = signalNow(host);
  const { epoch } = host.journal;
  const version = isServing(host) ? host.running.version : host.toldVersion;
  if (host.toldEpoch === epoch && host.toldVersion === version && isSame(host.signal, signal)) {
    return undefined;
  }
  return { ...host, signal, toldEpoch: epoch, toldVersion: version };
}

/** When something happens on the host by itself, from now on. */
export function hostDueMs(host: Host, { confirmAlone }: AgentRules): number[] {
  if (!host.exists || host.silent) return [];
  const { signal } = host.journal;
  if (signal === undefined) return [];
  const due: number[] = [];
  if (signal.phase === 'Downloading') due.push(signal.staging.endMs);
  if (signal.phase === 'Applying' || signal.phase === 'OnTrial') due.push(signal.trial?.endMs ?? 0);
  if (signal.phase === 'Undoing') due.push(signal.undoing?.endMs ?? 0);
  const healthySinceMs = host.trial?.healthySinceMs;
  if (confirmAlone && signal.phase === 'OnTrial' && healthySinceMs !== undefined) {
    due.push(healthySinceMs + ALONE_AFTER_MS);
  }
  return due.map((atMs) => atMs - UPTIME_MS).filter((inMs) => inMs > 0);
}
