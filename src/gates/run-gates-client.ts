import { type GateSpec, gateTerms } from '../api/policy-gates.ts';
import { messageOf } from '../errors.ts';
import { isForbidden } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import { type GateAnswer, unknown } from './answer.ts';
import {
  objectsBaselineSchema,
  storedObjects,
  storedWorkloads,
  workloadsBaselineSchema,
} from './baseline.ts';
import type { BaselineStore } from './baseline-store.ts';
import { mentionsBaseline } from './cel.ts';
import { type AnyObject, type CelSpec, forBaseline } from './cel-gate.ts';
import { askCel, celObjects, whyNotAsked } from './cel-gate-client.ts';
import { WORKLOADS_GATE } from './gate-flaws.ts';
import { askHttp } from './http-gate-client.ts';
import { askPrometheus } from './prometheus-gate-client.ts';
import type { GatedRun } from './wanted.ts';
import { judgeWorkloads, type WorkloadsBaseline } from './workloads-gate.ts';
import { surveyWorkloads } from './workloads-gate-client.ts';

/** For one question to a server of the user. */
const ASK_TIMEOUT_MS = 10_000;
/** Beyond this many objects of one gate their baseline is too large in any case. */
const MOST_OBJECTS = 20_000;

/** One gate of one run: how it is asked, and how often. */
export interface RunGate {
  readonly name: string;
  /** How long after one question the next is asked, when the last answer was this. */
  readonly intervalMs: (last: GateAnswer['outcome'], run: GatedRun) => number;
  /** Whether somebody may wait for an answer of now, since a target came to its end. */
  readonly isUrgent: (run: GatedRun) => boolean;
  /** Undefined where the gate judges without any. @throws when it can be neither read nor taken */
  readonly baseline: ((run: GatedRun, signal: AbortSignal) => Promise<void>) | undefined;
  /** @throws only what it did not expect, or the reason of `signal` */
  readonly ask: (run: GatedRun, signal: AbortSignal) => Promise<GateAnswer>;
}

export interface RunGatePorts {
  readonly kube: Kube;
  readonly baselines: BaselineStore;
}

/** All gates that are asked for a run. Those that are Jobs are begun at their points, and not asked. */
export function runGates(ports: RunGatePorts, run: GatedRun): readonly RunGate[] {
  return [
    ...(run.workloads === 'Gate' ? [workloadsGate(ports)] : []),
    ...run.gates.filter(({ job }) => job === undefined).map((gate) => policyGate(ports, gate)),
  ];
}

function policyGate(ports: RunGatePorts, gate: GateSpec): RunGate {
  const { name, intervalMs } = gateTerms(gate);
  const common = {
    name,
    intervalMs: () => intervalMs,
    isUrgent: () => true,
    baseline: undefined,
  };
  const { http, prometheus, cel } = gate;
  if (http !== undefined) {
    return { ...common, ask: (_, signal) => askHttp(http, ASK_TIMEOUT_MS, signal) };
  }
  if (prometheus !== undefined) {
    return { ...common, ask: (_, signal) => askPrometheus(prometheus, ASK_TIMEOUT_MS, signal) };
  }
  return cel === undefined
    ? { ...common, ask: async () => unknown('it says nothing that could be asked') }
    : { ...common, ...celGate(ports, name, cel) };
}

function celGate(
  { kube, baselines }: RunGatePorts,
  gate: string,
  spec: CelSpec,
): Pick<RunGate, 'ask' | 'baseline'> {
  if (!mentionsBaseline(spec.expression)) {
    return {
      baseline: undefined,
      ask: (_, signal) => askCel(kube, spec, undefined, signal),
    };
  }
  let known: ReadonlyMap<string, unknown> | undefined;
  return {
    async baseline(run, signal) {
      const id = { ...run, gate };
      const take = async () => storedObjects(await allObjects(kube, spec, signal));
      known = await readOrTake(baselines, id, objectsBaselineSchema, take, signal);
    },
    ask: (_, signal) => askCel(kube, spec, known, signal),
  };
}

async function allObjects(
  kube: Kube,
  spec: CelSpec,
  signal: AbortSignal,
): Promise<readonly AnyObject[]> {
  const all: AnyObject[] = [];
  try {
    for await (const page of celObjects(kube, spec, signal)) all.push(...page.map(forBaseline));
  } catch (thrown) {
    signal.throwIfAborted();
    throw new Error(whyNotAsked(spec, thrown), { cause: thrown });
  }
  if (all.length > MOST_OBJECTS) {
    throw new Error(
      `wanted no more than ${MOST_OBJECTS} objects to compare with, found ${all.length}: say namespace, name or selector`,
    );
  }
  return all;
}

/** As long as it is well; while it is not, moved pods are on their way, and every moment counts. */
const WORKLOADS_MS = { pass: 15_000, fail: 3_000, unknown: 5_000 } as const;
/** While nodes are under way pods are, and nothing waits for this gate. */
const WORKLOADS_UNDER_WAY_MS = 60_000;

function workloadsGate({ kube, baselines }: RunGatePorts): RunGate {
  let known: WorkloadsBaseline | undefined;
  let restarts: ReadonlyMap<string, number> | undefined;
  const options = (run: GatedRun) => ({
    ignoreNamespaces: run.ignoreNamespaces,
    nodesUnderWay: run.nodesUnderWay,
    restartsBefore: restarts,
    before: known,
  });
  return {
    name: WORKLOADS_GATE,
    intervalMs: (last, { nodesUnderWay }) =>
      nodesUnderWay.length > 0 ? WORKLOADS_UNDER_WAY_MS : WORKLOADS_MS[last],
    isUrgent: ({ nodesUnderWay }) => nodesUnderWay.length === 0,
    async baseline(run, signal) {
      const id = { ...run, gate: WORKLOADS_GATE };
      const take = async () => storedWorkloads(await surveyWorkloads(kube, options(run), signal));
      known = await readOrTake(baselines, id, workloadsBaselineSchema, take, signal);
    },
    async ask(run, signal) {
      if (known === undefined) return unknown('what was there before the run is not known');
      try {
        const survey = await surveyWorkloads(kube, options(run), signal);
        restarts = survey.restarts;
        return judgeWorkloads(survey, known);
      } catch (thrown) {
        signal.throwIfAborted();
        const hint = isForbidden(thrown) ? '; apply deploy/rbac.yaml of this release' : '';
        return unknown(`workloads cannot be listed: ${messageOf(thrown)}${hint}`);
      }
    },
  };
}

/** The first that was stored counts, whoever took it: also after an answer that was lost. */
async function readOrTake<T>(
  baselines: BaselineStore,
  id: GatedRun & { readonly gate: string },
  schema: Parameters<typeof baselines.read<T>>[1],
  take: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<T> {
  const stored = await baselines.read(id, schema, signal);
  if (stored !== undefined) return stored;
  if (id.touched)
    throw new Error('it was not taken, or is gone, and the run has begun on its nodes');
  await baselines.write(id, await take(), signal);
  const written = await baselines.read(id, schema, signal);
  if (written === undefined) throw new Error('it was removed at once');
  return written;
}
