import type { PolicyLayer } from '../api/policy.ts';
import type { PolicyFlaw } from '../api/policy-flaws.ts';
import { type GateSpec, gateTerms } from '../api/policy-gates.ts';
import { messageOf } from '../errors.ts';
import { parseSelector } from '../targets/selector.ts';
import { compileCel, mentionsBaseline } from './cel.ts';
import type { CelSpec } from './cel-gate.ts';
import { promqlFlaw } from './promql.ts';

/** The gate that is there without being written down. */
export const WORKLOADS_GATE = 'workloads';

/** Policies are judged at every look, and what they say changes seldom: lists are laid over whole. */
const judged = new WeakMap<readonly GateSpec[], readonly PolicyFlaw[]>();

/** Gates that could never be asked as they are written; each by the path of its field. */
export function gateFlaws({ gates }: PolicyLayer): readonly PolicyFlaw[] {
  if (gates === undefined) return [];
  const known = judged.get(gates) ?? judge(gates);
  judged.set(gates, known);
  return known;
}

function judge(gates: readonly GateSpec[]): readonly PolicyFlaw[] {
  return gates.flatMap((gate, at) => {
    const path = `gates.${at}`;
    return [
      ...nameFlaws(gate, gates.slice(0, at), path),
      ...kindFlaws(gate, path),
      ...timeFlaws(gate, path),
      ...(gate.http === undefined ? [] : httpFlaws(gate.http, `${path}.http`)),
      ...(gate.prometheus === undefined
        ? []
        : prometheusFlaws(gate.prometheus, `${path}.prometheus`)),
      ...(gate.cel === undefined ? [] : celFlaws(gate.cel, `${path}.cel`)),
    ];
  });
}

function nameFlaws({ name }: GateSpec, before: readonly GateSpec[], path: string): PolicyFlaw[] {
  if (name === WORKLOADS_GATE) {
    const message = 'wanted another name, workloads is the gate that is built in';
    return [{ path: `${path}.name`, message }];
  }
  if (!before.some((other) => other.name === name)) return [];
  return [{ path: `${path}.name`, message: `wanted a name of its own, found ${name} again` }];
}

function kindFlaws({ http, prometheus, cel, job, when }: GateSpec, path: string): PolicyFlaw[] {
  if (job !== undefined && when?.includes('Always')) {
    const message = 'wanted AfterNode or AfterBatch, found Always: a Job runs once';
    return [{ path: `${path}.when`, message }];
  }
  const kinds = Object.entries({ http, prometheus, cel, job }).filter(([, one]) => one);
  if (kinds.length === 1) return [];
  const found = kinds.map(([kind]) => kind).join(', ') || 'none';
  return [{ path, message: `wanted exactly one of http, prometheus, cel and job, found ${found}` }];
}

function timeFlaws(gate: GateSpec, path: string): PolicyFlaw[] {
  const { intervalMs, timeoutMs } = gateTerms(gate);
  const flaws: PolicyFlaw[] = [];
  if (intervalMs < 1_000) {
    flaws.push({ path: `${path}.interval`, message: `wanted 1s or more, found ${gate.interval}` });
  }
  if (timeoutMs < intervalMs) {
    flaws.push({
      path: `${path}.timeout`,
      message: `wanted no less than interval (${intervalMs / 1000}s), found ${timeoutMs / 1000}s`,
    });
  }
  return flaws;
}

function httpFlaws({ url, body }: NonNullable<GateSpec['http']>, path: string): PolicyFlaw[] {
  const flaws = urlFlaws(url, `${path}.url`);
  if (body === undefined) return flaws;
  try {
    new RegExp(body);
  } catch (thrown) {
    flaws.push({ path: `${path}.body`, message: messageOf(thrown) });
  }
  return flaws;
}

function prometheusFlaws(
  { url, query, atMost, atLeast }: NonNullable<GateSpec['prometheus']>,
  path: string,
): PolicyFlaw[] {
  const flaws = urlFlaws(url, `${path}.url`);
  const flaw = promqlFlaw(query);
  if (flaw !== undefined) flaws.push({ path: `${path}.query`, message: flaw });
  if (atMost === undefined && atLeast === undefined) {
    flaws.push({ path, message: 'wanted atMost or atLeast, found neither' });
  }
  if (atMost !== undefined && atLeast !== undefined && atLeast > atMost) {
    flaws.push({
      path: `${path}.atLeast`,
      message: `wanted no more than atMost (${atMost}), found ${atLeast}: nothing could be both`,
    });
  }
  return flaws;
}

function urlFlaws(url: string, path: string): PolicyFlaw[] {
  if (!URL.canParse(url)) {
    return [{ path, message: `wanted an http or https URL, found ${JSON.stringify(url)}` }];
  }
  const { username, password } = new URL(url);
  // It would stand in every message.
  return username === '' && password === ''
    ? []
    : [{ path, message: 'wanted a URL without a user and password: whoever sees a Plan reads it' }];
}

const SECRETS_STAY = 'baseline is not kept of Secrets: it would be a copy of them elsewhere';

/** `v1` or `GROUP/VERSION`: it becomes a part of an address. */
const API_VERSION_FORM = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?v[0-9][a-z0-9]*$/;

function celFlaws({ apiVersion, kind, selector, expression }: CelSpec, path: string): PolicyFlaw[] {
  const flaws: PolicyFlaw[] = [];
  if (!API_VERSION_FORM.test(apiVersion)) {
    const message = `wanted v1 or GROUP/VERSION such as apps/v1, found ${JSON.stringify(apiVersion)}`;
    flaws.push({ path: `${path}.apiVersion`, message });
  }
  const compiled = compileCel(expression);
  if (compiled.kind === 'invalid') {
    flaws.push({ path: `${path}.expression`, message: compiled.message });
  } else if (kind === 'Secret' && mentionsBaseline(expression)) {
    flaws.push({ path: `${path}.expression`, message: SECRETS_STAY });
  }
  const parsed = parseSelector(selector ?? '');
  if ('invalid' in parsed) flaws.push({ path: `${path}.selector`, message: parsed.invalid });
  return flaws;
}
