import { type Asked, FAULTS, type Fault, HARMLESS, type WorldSpec } from './state.ts';

const VERBS: readonly Asked[] = ['pause', 'resume', 'abort', 'retry', 'delete', 'brake'];
const HARMFUL: readonly Fault[] = FAULTS.filter((fault) => !HARMLESS.has(fault));

/** Explored in `npm test`: each way with one thing that goes wrong, at every moment at which it can. */
export const SMALL_WORLDS: readonly WorldSpec[] = [
  {
    name: 'a controller and a worker, any one fault',
    controllers: 1,
    workers: 1,
    faults: FAULTS,
    budget: 1,
    mostStates: 250_000,
  },
  {
    name: 'two controllers, any one fault',
    controllers: 2,
    workers: 0,
    faults: FAULTS,
    budget: 1,
    mostStates: 250_000,
  },
  {
    name: 'two workers one after the other, any one fault',
    controllers: 0,
    workers: 2,
    faults: FAULTS,
    budget: 1,
    mostStates: 350_000,
  },
  {
    name: 'a controller and a worker, anything asked once',
    controllers: 1,
    workers: 1,
    faults: [],
    budget: 0,
    asked: VERBS,
    askedBudget: 1,
    mostStates: 100_000,
  },
  {
    name: 'a worker, anything asked once, and any one fault',
    controllers: 0,
    workers: 1,
    faults: FAULTS,
    budget: 1,
    asked: VERBS,
    askedBudget: 1,
    mostStates: 200_000,
  },
  {
    name: 'a controller across a minor version, and a worker: an update that does not go back',
    controllers: 1,
    workers: 1,
    from: 'v1.35.4+k0s.0',
    faults: ['slow', 'exits', 'unhealthy', 'power', 'silent'],
    budget: 1,
    mostStates: 100_000,
  },
  {
    name: 'two workers that confirm by themselves, one of them cordoned by somebody',
    controllers: 0,
    workers: 2,
    limit: 2,
    cordoned: ['w-1'],
    confirmAlone: true,
    faults: ['exits'],
    budget: 1,
    mostStates: 100_000,
  },
];

const TINY = { controllers: 0, workers: 0, faults: [], budget: 0, mostStates: 30_000 } as const;

/** Explored in seconds: for whoever changes the core, and for each break of it. */
export const TINY_WORLDS: readonly WorldSpec[] = [
  { ...TINY, name: 'a controller and a worker', controllers: 1, workers: 1 },
  { ...TINY, name: 'two controllers', controllers: 2 },
  { ...TINY, name: 'two workers', workers: 2 },
  {
    ...TINY,
    name: 'two workers, of which one fails, vanishes, or is taken away by others',
    workers: 2,
    faults: ['exits', 'vanishes', 'cordoned'],
    budget: 1,
  },
  {
    ...TINY,
    name: 'two controllers, of which one fails or goes down',
    controllers: 2,
    faults: ['unhealthy', 'breaks'],
    budget: 1,
  },
  { ...TINY, name: 'a controller, any one fault', controllers: 1, faults: FAULTS, budget: 1 },
  { ...TINY, name: 'a worker, any one fault', workers: 1, faults: FAULTS, budget: 1 },
  { ...TINY, name: 'a worker, anything asked', workers: 1, asked: VERBS, askedBudget: 2 },
];

/** Explored in `npm run test:long`. */
export const LARGER_WORLDS: readonly WorldSpec[] = [
  {
    name: 'two controllers and a worker, any one fault',
    controllers: 2,
    workers: 1,
    faults: FAULTS,
    budget: 1,
    mostStates: 3_000_000,
  },
  {
    name: 'a worker, any three faults',
    controllers: 0,
    workers: 1,
    faults: FAULTS,
    budget: 3,
    mostStates: 3_000_000,
  },
  {
    name: 'a controller, any three faults',
    controllers: 1,
    workers: 0,
    faults: FAULTS,
    budget: 3,
    mostStates: 3_000_000,
  },
  {
    name: 'a controller and a worker, any two deaths',
    controllers: 1,
    workers: 1,
    faults: [...HARMLESS],
    budget: 2,
    mostStates: 3_000_000,
  },
  {
    name: 'two workers, one failure borne, any one harm',
    controllers: 0,
    workers: 2,
    policy: { maxFailures: 1 },
    faults: HARMFUL,
    budget: 1,
    mostStates: 3_000_000,
  },
  {
    name: 'three workers, two at a time, one failure borne',
    controllers: 0,
    workers: 3,
    limit: 2,
    policy: { maxFailures: 1 },
    faults: ['exits'],
    budget: 1,
    mostStates: 3_000_000,
  },
  {
    name: 'a bundle, then a controller and a worker',
    controllers: 1,
    workers: 1,
    bundle: true,
    faults: FAULTS,
    budget: 1,
    mostStates: 3_000_000,
  },
  {
    name: 'a controller and a worker, anything asked twice',
    controllers: 1,
    workers: 1,
    faults: [],
    budget: 0,
    asked: VERBS,
    askedBudget: 2,
    mostStates: 3_000_000,
  },
];
