import { assign, fromPromise, setup } from 'xstate';
import type { PlanStatus } from '../api/plan.ts';
import { type Decision, decide } from './decide.ts';
import type { Action, PlanFacts } from './facts.ts';

export interface WriteInput {
  readonly status: PlanStatus;
}
export interface ActInput {
  readonly status: PlanStatus;
  readonly actions: readonly Action[];
}

/**
 * The life of one Plan. The judgement is {@link decide}; the machine shows the order of things and sees to it
 * that effects do not overlap, but for a write to a Node that hangs: of that Node nothing is decided meanwhile
 * (docs/adr/0047-a-write-that-hangs.md). It is never restored from a snapshot: a new leader starts a new one, which
 * finds out where the world stands.
 *
 * - `judging`: a transient state that leads to the one that was decided
 * - `resting`: at its end; an edit or a new Plan wakes it
 * - `queued`: not begun, because of another Plan or for a person to say
 * - `answering`: what somebody asked, and what it changes, is being written; nothing follows before it is
 * - `beginning`: the frozen targets are being written; nothing is ordered before they are
 * - `refusing`: preflight said no, and why is being written
 * - `acting`: status is written, then orders, cordons and evictions are carried out
 * - `waiting`: for the world to change, or for the next deadline
 * - `ending`: the outcome is being written
 *
 * Drawn in docs/development/plan-machine.mmd.
 */
export const planMachine = setup({
  types: {
    input: {} as PlanFacts,
    context: {} as { decision: Decision },
    events: {} as { type: 'facts.observed'; facts: PlanFacts },
  },
  actors: {
    write: notProvided<WriteInput>('write'),
    act: notProvided<ActInput>('act'),
  },
  guards: {
    decided: ({ context }, kind: Decision['kind']) => context.decision.kind === kind,
  },
  actions: {
    judge: assign((_, facts: PlanFacts) => ({ decision: decide(facts) })),
  },
}).createMachine({
  id: 'plan',
  context: ({ input }) => ({ decision: decide(input) }),
  initial: 'judging',
  states: {
    judging: {
      always: [
        { guard: { type: 'decided', params: 'rest' }, target: 'resting' },
        { guard: { type: 'decided', params: 'queue' }, target: 'queued' },
        { guard: { type: 'decided', params: 'answer' }, target: 'answering' },
        { guard: { type: 'decided', params: 'begin' }, target: 'beginning' },
        { guard: { type: 'decided', params: 'refuse' }, target: 'refusing' },
        { guard: { type: 'decided', params: 'act' }, target: 'acting' },
        { guard: { type: 'decided', params: 'end' }, target: 'ending' },
        { target: 'waiting' },
      ],
    },
    resting: { on: observed() },
    queued: { on: observed() },
    waiting: { on: observed() },
    answering: writing(),
    beginning: writing(),
    refusing: writing(),
    ending: writing(),
    acting: {
      invoke: {
        src: 'act',
        input: ({ context }) => context.decision as ActInput & Decision,
        onDone: 'waiting',
        // The adapter has logged it; the next facts show how far it came.
        onError: 'waiting',
      },
    },
  },
});

function observed() {
  return {
    'facts.observed': {
      target: 'judging',
      actions: {
        type: 'judge',
        params: ({ event }: { event: { facts: PlanFacts } }) => event.facts,
      },
    },
  } as const;
}

function writing() {
  return {
    invoke: {
      src: 'write',
      input: ({ context }: { context: { decision: Decision } }) =>
        context.decision as WriteInput & Decision,
      onDone: 'waiting',
      onError: 'waiting',
    },
  } as const;
}

/** The machine alone has no effects: a program that forgets to give it one hears of it at once. */
function notProvided<Input>(name: string) {
  return fromPromise<void, Input>(() => Promise.reject(new Error(`no actor provided for ${name}`)));
}
