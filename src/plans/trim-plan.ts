import * as z from 'zod';
import { parseForgiving } from '../api/forgiving.ts';
import { ANNOTATION } from '../api/meta.ts';
import {
  planSchema,
  planSpecSchema,
  planStatusSchema,
  type StoredPlanStatus,
} from '../api/plan.ts';
import { type Request, requestSchema } from '../api/requests.ts';
import type { InvalidSpec, PlanFacts } from './facts.ts';

/** What is kept of a Plan. */
export interface TrimmedPlan {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** Epoch milliseconds, by the API server's clock. */
  readonly createdAtMs: number;
  /** When its spec was last written, by the same clock. */
  readonly appliedAtMs: number;
  /** By which program, as the API server keeps it: `kubectl-client-side-apply`. */
  readonly appliedBy: string | undefined;
  readonly spec: PlanFacts['plan']['spec'];
  /** Without the requests, which are others' to write. */
  readonly status: StoredPlanStatus | undefined;
  readonly requests: readonly Request[];
  readonly deleted: boolean;
  /** The last generation that `autopilot adopt` has left to k0s. */
  readonly adopted?: number | undefined;
}

const storedStatus = planStatusSchema.partial();
const metadataOnly = planSchema.pick({ metadata: true });

/**
 * A spec that cannot be read does not make the Plan unreadable: the user is told in its status. A status
 * of a newer release is read without what is not known of it; one that cannot be read then was not written by
 * us, and counts by its `state` alone.
 */
export function trimPlan(raw: unknown): TrimmedPlan {
  const { metadata } = metadataOnly.parse(raw);
  const { spec, status } = raw as { spec?: unknown; status?: unknown };
  const parsedSpec = planSpecSchema.safeParse(spec);
  const createdAtMs = Date.parse(metadata.creationTimestamp ?? '') || 0;
  const applied = writerOfSpec(metadata.managedFields);
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation,
    createdAtMs,
    appliedAtMs: Math.max(createdAtMs, applied?.atMs ?? 0),
    appliedBy: applied?.manager,
    spec: parsedSpec.success ? parsedSpec.data : invalidSpec(parsedSpec.error),
    status: readStatus(status),
    requests: readRequests(status),
    deleted: metadata.deletionTimestamp !== undefined,
    adopted: readAdopted(metadata.annotations?.[ANNOTATION.adopted]),
  };
}

/** What is no number was written by somebody who meant something: nothing of the Plan runs by surprise. */
function readAdopted(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

interface ManagedField {
  readonly manager?: string;
  readonly time?: string;
  readonly subresource?: string;
  readonly fieldsV1?: { readonly 'f:spec'?: unknown };
}

/** Who owns part of the spec, the latest of them: what others own of the object, such as a label, is no order. */
function writerOfSpec(managedFields: unknown): { manager: string; atMs: number } | undefined {
  if (!Array.isArray(managedFields)) return undefined;
  return (managedFields as ManagedField[])
    .filter(({ subresource, fieldsV1 }) => !subresource && fieldsV1?.['f:spec'] !== undefined)
    .map(({ manager = '', time = '' }) => ({ manager, atMs: Date.parse(time) || 0 }))
    .toSorted((a, b) => b.atMs - a.atMs)[0];
}

/** The API server lets nothing else in; what it holds all the same, nobody can answer. */
function readRequests(status: unknown): readonly Request[] {
  const held = z.looseObject({ requests: z.array(z.unknown()) }).safeParse(status);
  if (!held.success) return [];
  return held.data.requests.flatMap((one) => requestSchema.safeParse(one).data ?? []);
}

function readStatus(status: unknown): StoredPlanStatus | undefined {
  if (status === undefined || status === null) return undefined;
  const read = parseForgiving(storedStatus, status);
  if (read !== undefined) return read.value;
  const state = z.looseObject({ state: z.string() }).safeParse(status);
  return state.success ? { state: state.data.state } : undefined;
}

function invalidSpec(error: z.ZodError): InvalidSpec {
  const issue = error.issues[0];
  const path = ['spec', ...(issue?.path ?? [])];
  return {
    reason: path[1] === 'policy' ? 'InvalidPolicy' : 'InvalidSpec',
    invalid: `${path.join('.')}: ${issue?.message ?? 'not valid'}`,
  };
}
