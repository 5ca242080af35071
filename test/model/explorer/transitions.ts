import type { Verb } from '../../../src/api/requests.ts';
import type { Action } from '../../../src/plans/facts.ts';
import { lastingOf } from '../../../src/plans/run.ts';
import type { Signal } from '../../../src/signals/report.ts';
import {
  type AgentRules,
  agentWays,
  booted,
  hostDueMs,
  told,
  type Way,
  withoutMemory,
} from './agent.ts';
import { isSame } from './canonical.ts';
import { isServing } from './host.ts';
import { type Judge, type Judgement, readOrder } from './leader.ts';
import { brokenByAgent, brokenByWrite, brokenSilence } from './safety.ts';
import { type Setting, STABLE_MS } from './setting.ts';
import { type Fault, HARMLESS, type Host, type Leader, type State } from './state.ts';
import { NOW_MS, olderJournal, olderMs, olderStatus } from './time.ts';
import { withHost, written } from './writes.ts';

/** One thing that may happen next. */
export interface Transition {
  readonly what: string;
  readonly next: State;
  /** It happens by itself, sooner or later, where nothing goes wrong and nobody asks. */
  readonly isFair: boolean;
  readonly broken: readonly string[];
}

/** Everything that may happen next in a state. */
export class Transitions {
  readonly #setting: Setting;
  readonly judge: Judge;
  readonly #rules: AgentRules;
  readonly #ways = new WeakMap<Host, readonly Way[]>();
  readonly #reports = new WeakMap<Host, Host | undefined>();

  constructor(setting: Setting, judge: Judge) {
    this.#setting = setting;
    this.judge = judge;
    this.#rules = { confirmAlone: setting.world.confirmAlone ?? false };
  }

  from(state: State): Transition[] {
    const judgement = this.judge.judge(state);
    const fair = [
      ...state.hosts.flatMap((host) => this.#agent(state, host)),
      ...this.#look(state, judgement),
      ...this.#arrivals(state),
    ];
    const isBusy = fair.some(({ isFair }) => isFair);
    const mayPass = !isBusy || this.#may(state, 'slow');
    return [
      ...fair,
      ...(mayPass ? this.#time(state, judgement, isBusy) : []),
      ...this.#deaths(state, judgement),
      ...state.hosts.flatMap((host) => this.#troubles(state, host)),
      ...this.#people(state),
    ];
  }

  #may(state: State, fault: Fault): boolean {
    return state.faultsLeft > 0 && this.#setting.world.faults.includes(fault);
  }

  #after(state: State, fault: Fault): State {
    const harmed = state.harmed || !HARMLESS.has(fault);
    return { ...state, faultsLeft: state.faultsLeft - 1, harmed };
  }

  #agent(state: State, host: Host): Transition[] {
    const found: Transition[] = [];
    for (const { what, host: next, fault } of this.#waysOf(host)) {
      if (fault !== undefined && !this.#may(state, fault)) continue;
      const from = fault === undefined ? state : this.#after(state, fault);
      const isFair = fault === undefined;
      const broken = brokenByAgent(host, next);
      found.push({ what: `${host.name}: ${what}`, next: withHost(from, next), isFair, broken });
    }
    const report = this.#reportOf(host);
    if (report !== undefined) {
      const what = `${host.name} reports ${report.signal?.phase ?? 'nothing'}`;
      found.push({ what, next: withHost(state, report), isFair: true, broken: [] });
    }
    return found;
  }

  #waysOf(host: Host): readonly Way[] {
    let ways = this.#ways.get(host);
    if (ways === undefined) {
      ways = agentWays(host, this.#rules);
      this.#ways.set(host, ways);
    }
    return ways;
  }

  #reportOf(host: Host): Host | undefined {
    if (!this.#reports.has(host)) this.#reports.set(host, told(host));
    return this.#reports.get(host);
  }

  /** The status that a decision writes before anything else is done, and what the leader knows from then on. */
  #decided(state: State, { decision, status }: Judgement): State {
    if (decision === undefined || decision.kind === 'rest' || status === undefined) return state;
    const isLate =
      decision.kind === 'wait' ||
      decision.kind === 'queue' ||
      (decision.kind === 'act' && lastingOf(state.plan.stored) === lastingOf(decision.status));
    return {
      ...state,
      leader: { ...state.leader, known: status },
      plan: isLate ? state.plan : { ...state.plan, stored: status },
    };
  }

  #look(state: State, judgement: Judgement): Transition[] {
    const { decision, leftovers, seen } = judgement;
    const decided = this.#decided(state, judgement);
    const own = decision?.kind === 'act' ? decision.actions : [];
    const actions = [...own, ...leftovers];
    const words = `the leader: ${decision?.kind ?? 'gone'} ${actions.map(brief).join(', ')}`;
    const { state: done, broken } = this.#perform(decided, actions, seen);
    const found: Transition[] = [];
    const isNews = !isSame(done, state);
    const silent = isNews ? [] : brokenSilence(judgement);
    if (isNews || silent.length > 0) {
      found.push({ what: words, next: done, isFair: true, broken: [...silent, ...broken] });
    }
    // What became of its writes is read before anything else is judged: see src/kube/read-again.ts.
    if (this.#may(state, 'lostAnswer')) {
      for (const some of subsets(actions)) {
        const from = this.#after(decided, 'lostAnswer');
        const partly = this.#perform(from, some, seen);
        const what = `${words}; comes about, unheard: ${some.map(brief).join(', ')}`;
        found.push({ what, next: partly.state, isFair: false, broken: partly.broken });
      }
    }
    if (this.#may(state, 'crash')) {
      for (const some of subsets(actions).filter(({ length }) => length < actions.length)) {
        const partly = this.#perform(this.#after(decided, 'crash'), some, seen);
        const what = `${words}; dies after ${some.map(brief).join(', ') || 'nothing'}`;
        const { state: left, broken } = partly;
        found.push({ what, next: succeeded(left, left.plan.stored), isFair: false, broken });
      }
    }
    if (this.#may(state, 'deposed') && actions.length > 0 && state.ghost === undefined) {
      const from = this.#after(decided, 'deposed');
      const next = { ...succeeded(from, from.plan.stored), ghost: actions };
      found.push({ what: `${words}; is deposed before`, next, isFair: false, broken: [] });
    }
    return found;
  }

  #perform(
    state: State,
    actions: readonly Action[],
    seen: ReadonlyMap<string, ReturnType<Judge['seenOf']>> | undefined,
  ): { state: State; broken: string[] } {
    const broken: string[] = [];
    let now = state;
    for (const action of actions) {
      const host = now.hosts.find(({ name }) => name === action.name);
      if (host === undefined) continue;
      const next = written(host, action);
      if (next === undefined) continue;
      // The answer holds the whole object, so that it is seen from now on as it is.
      const { [host.name]: _, ...stale } = now.leader.stale;
      const leader = seen === undefined ? now.leader : { ...now.leader, stale };
      const after = { ...withHost(now, next), leader };
      broken.push(...brokenByWrite(this.#setting, { before: now, after, action, seen }));
      now = after;
    }
    return { state: now, broken };
  }

  /** What is under way somewhere arrives. */
  #arrivals(state: State): Transition[] {
    const found: Transition[] = [];
    const { leader, ghost } = state;
    for (const name of Object.keys(leader.stale)) {
      const { [name]: _, ...stale } = leader.stale;
      const next = { ...state, leader: { ...leader, stale } };
      found.push({ what: `the leader hears of ${name}`, next, isFair: true, broken: [] });
    }
    for (const host of state.hosts) {
      const { signal } = leader.stale[host.name] ?? host;
      if (!host.hasNode || signal?.phase !== 'OnTrial') continue;
      const isAlive = isServing(host) && host.sick === undefined;
      const key = signal.id + host.name;
      if (!isAlive || leader.renewed.includes(key)) continue;
      const renewed = [...leader.renewed, key].sort();
      const next = { ...state, leader: { ...leader, renewed } };
      found.push({ what: `${host.name} renews its Lease`, next, isFair: true, broken: [] });
    }
    if (ghost !== undefined) {
      const { state: after, broken } = this.#perform(
        { ...state, ghost: undefined },
        ghost,
        undefined,
      );
      const next = { ...after, strays: state.strays + strays(state, after) };
      const what = `of the deposed leader arrives: ${ghost.map(brief).join(', ')}`;
      found.push({ what, next, isFair: true, broken });
    }
    return found;
  }

  /** The nearest deadline of anybody. */
  #time(state: State, judgement: Judgement, isBusy: boolean): Transition[] {
    const { decision } = judgement;
    const untilMs = decision !== undefined && 'untilMs' in decision ? decision.untilMs : undefined;
    const stable = state.hosts
      .filter(({ role, exists }) => role === 'controller' && exists)
      .map(
        ({ readySinceMs }) =>
          Math.max(readySinceMs, state.leader.sightedSinceMs) + STABLE_MS - NOW_MS,
      );
    const due = [
      ...(untilMs === undefined ? [] : [untilMs - NOW_MS]),
      ...stable,
      ...state.hosts.flatMap((host) => hostDueMs(host, this.#rules)),
    ].filter((inMs) => inMs > 0);
    if (due.length === 0) return [];
    const byMs = Math.min(...due);
    const from = isBusy ? this.#after(state, 'slow') : state;
    return [
      { what: `${byMs / 1000} s pass`, next: older(from, byMs), isFair: !isBusy, broken: [] },
    ];
  }

  #deaths(state: State, _judgement: Judgement): Transition[] {
    const found: Transition[] = [];
    if (this.#may(state, 'crash')) {
      const from = this.#after(state, 'crash');
      const next = succeeded(from, state.plan.stored);
      found.push({ what: 'the leader dies', next, isFair: false, broken: [] });
      const { known } = state.leader;
      if (!isSame(known, state.plan.stored) && state.plan.exists) {
        const flushed = { ...from, plan: { ...from.plan, stored: known } };
        const late = succeeded(flushed, known);
        found.push({
          what: 'the leader writes status and dies',
          next: late,
          isFair: false,
          broken: [],
        });
      }
    }
    return found;
  }

  #troubles(state: State, host: Host): Transition[] {
    const found: Transition[] = [];
    const { name } = host;
    const trouble = (fault: Fault, what: string, next: Host, more?: Partial<State>) => {
      if (!this.#may(state, fault) || next === host) return;
      const from = { ...this.#after(state, fault), ...more };
      found.push({
        what: `${name} ${what}`,
        next: withHost(from, next),
        isFair: false,
        broken: [],
      });
    };
    if (!host.exists) return [];
    if (host.isDown) {
      const mended = { ...host, isDown: false, readySinceMs: NOW_MS };
      const next = withHost(state, mended);
      return [{ what: `${name} is mended`, next, isFair: true, broken: [] }];
    }
    if (!host.silent) {
      trouble('agentDies', "'s agent dies", withoutMemory(host));
      trouble('power', 'loses its power', booted(host));
      trouble('silent', 'falls silent', { ...host, silent: true });
    }
    trouble('vanishes', 'vanishes', { ...host, exists: false });
    if (host.journal.signal === undefined || host.journal.signal.phase === 'Staged') {
      trouble('breaks', 'goes down', { ...host, isDown: true });
    }
    if (host.mark !== undefined && host.pods > 0 && !host.stuck) {
      trouble('stuckPods', 'has a pod that stays', { ...host, stuck: true });
    }
    if (host.hasNode && !host.unschedulable) {
      trouble('cordoned', 'is cordoned by somebody', {
        ...host,
        unschedulable: true,
        foreign: true,
      });
    }
    if (this.#may(state, 'lateEvents') && state.leader.stale[name] === undefined) {
      const stale = { ...state.leader.stale, [name]: this.judge.seenOf(host) };
      const from = this.#after(state, 'lateEvents');
      const next = { ...from, leader: { ...from.leader, stale } };
      found.push({ what: `events of ${name} are late`, next, isFair: false, broken: [] });
    }
    if (this.#may(state, 'lies')) {
      for (const signal of lies(host)) {
        trouble('lies', `lies: ${signal.id} ${signal.phase}`, { ...host, signal, liar: true });
      }
    }
    return found;
  }

  #people(state: State): Transition[] {
    if (state.askedLeft === 0 || !state.plan.exists) return [];
    const from = { ...state, askedLeft: state.askedLeft - 1, harmed: true };
    const asked = (what: string, plan: Partial<State['plan']>, leader?: Partial<Leader>) => ({
      what: `somebody asks: ${what}`,
      next: {
        ...from,
        plan: { ...state.plan, ...plan },
        leader: { ...state.leader, ...leader },
      },
      isFair: false,
      broken: [],
    });
    return (this.#setting.world.asked ?? []).map((verb) => {
      if (verb === 'delete') {
        return asked(
          verb,
          { exists: false, stored: undefined, requests: [] },
          { known: undefined },
        );
      }
      if (verb === 'brake') return asked(verb, { braked: !state.plan.braked });
      return asked(verb, { requests: [...state.plan.requests, request(verb, state)] });
    });
  }
}

/** Nodes that a write of before has taken, though whoever leads now has not, or has given them back. */
function strays(before: State, after: State): number {
  return after.hosts.filter(({ mark, order }, at) => {
    const was = before.hosts[at]!;
    const isMarked = mark !== undefined && was.mark === undefined;
    return isMarked || (mark === undefined && order !== was.order);
  }).length;
}

function request(verb: Verb, { plan }: State) {
  return { nonce: `${plan.requests.length}`, verb, by: 'ann' };
}

/** Another leader takes over: it sees what is stored, and nothing else. */
function succeeded(state: State, known: Leader['known']): State {
  return {
    ...state,
    leader: {
      epoch: state.leader.epoch + 1,
      known,
      sightedSinceMs: NOW_MS,
      renewed: [],
      stale: {},
    },
  };
}

/** What is not due at once has been written by then. */
function older(state: State, byMs: number): State {
  const { leader, plan } = state;
  const known = olderStatus(leader.known, byMs);
  return {
    ...state,
    leader: { ...leader, known, sightedSinceMs: olderMs(leader.sightedSinceMs, byMs) },
    plan: { ...plan, stored: plan.exists ? known : undefined },
    hosts: state.hosts.map((host) => ({
      ...host,
      readySinceMs: olderMs(host.readySinceMs, byMs),
      journal: olderJournal(host.journal, byMs),
      ...(host.trial?.healthySinceMs === undefined
        ? {}
        : { trial: { ...host.trial, healthySinceMs: host.trial.healthySinceMs - byMs } }),
    })),
  };
}

/** What an agent may say of an order that it was never told. */
function lies(host: Host): Signal[] {
  if (host.order === undefined) return [];
  const { id, attempt, epoch, goal } = readOrder(host.order);
  const base = { id, attempt, epoch, goal };
  return [
    { ...base, phase: 'Committed' as const },
    { ...base, phase: 'OnTrial' as const, running: { exits: 0, healthy: true } },
    { ...base, phase: 'Undone' as const },
    { ...base, id: 'another.0.1', phase: 'Committed' as const },
  ];
}

const MOST_SUBSETS_OF = 3;

/** All of few, of more those that were sent first. */
function subsets(actions: readonly Action[]): (readonly Action[])[] {
  if (actions.length > MOST_SUBSETS_OF) return actions.map((_, at) => actions.slice(0, at + 1));
  return Array.from({ length: 2 ** actions.length }, (_, bits) =>
    actions.filter((_, at) => (bits >> at) & 1),
  );
}

function brief(action: Action): string {
  return action.kind === 'order'
    ? `${action.order.goal} ${action.name}`
    : `${action.kind} ${action.name}`;
}
