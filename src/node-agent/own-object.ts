import * as z from 'zod';
import { ANNOTATION, API_VERSION, GROUP, VERSION } from '../api/meta.ts';
import type { ApiObject, PatchOperation } from './api-object.ts';

/** The object that stands for this host: a worker's Node, which the kubelet makes, or our ControlNode. */
export interface OwnObject {
  readonly kind: 'Node' | 'ControlNode';
  readonly name: string;
  readonly collection: string;
  readonly path: string;
}

export function ownObject(role: 'controller' | 'worker', name: string): OwnObject {
  const kind = role === 'worker' ? 'Node' : 'ControlNode';
  const collection = role === 'worker' ? '/api/v1/nodes' : `/apis/${GROUP}/${VERSION}/controlnodes`;
  return { kind, name, collection, path: `${collection}/${encodeURIComponent(name)}` };
}

/** The part of it that we read. */
export const seenObjectSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    resourceVersion: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  status: z.unknown().optional(),
});
export type SeenObject = z.infer<typeof seenObjectSchema>;

export function annotationOf(object: SeenObject | undefined, key: string): string | undefined {
  return object?.metadata.annotations?.[key];
}

/** Of two sights of an object the newer one: a watch may be behind the answer to our own write. */
export function isOlder(object: SeenObject, than: SeenObject): boolean {
  const version = Number(object.metadata.resourceVersion);
  const otherVersion = Number(than.metadata.resourceVersion);
  return (
    Number.isSafeInteger(version) && Number.isSafeInteger(otherVersion) && version < otherVersion
  );
}

/**
 * Replaces our report, if it is still what we believe it to be. A report that is absent cannot be tested
 * for, so the first one tests the whole object's version.
 */
export function reportPatch(object: SeenObject, text: string): readonly PatchOperation[] {
  const path = `/metadata/annotations/${ANNOTATION.report.replaceAll('/', '~1')}`;
  const stored = annotationOf(object, ANNOTATION.report);
  if (stored !== undefined) {
    return [
      { op: 'test', path, value: stored },
      { op: 'replace', path, value: text },
    ];
  }
  const { resourceVersion, annotations } = object.metadata;
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    annotations === undefined
      ? { op: 'add', path: '/metadata/annotations', value: { [ANNOTATION.report]: text } }
      : { op: 'add', path, value: text },
  ];
}

export interface ControlNodeFacts {
  readonly name: string;
  /** What the kubelet of this host calls its Node, where it runs one. */
  readonly nodeName: string;
  readonly mode: string;
  /** `linux-amd64` */
  readonly platform: string;
  readonly apiAddress: string | undefined;
  readonly k0sVersion: string | undefined;
}

/** As k0s creates it. */
export function newControlNode(facts: ControlNodeFacts): ApiObject {
  return {
    apiVersion: API_VERSION,
    kind: 'ControlNode',
    metadata: {
      name: facts.name,
      labels: { ...controlNodeLabels(facts) },
      annotations: { [ANNOTATION.mode]: facts.mode },
    },
  };
}

function controlNodeLabels({ nodeName, platform }: ControlNodeFacts): Record<string, string> {
  const [os = '', arch = ''] = platform.split('-');
  return {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': os,
    'kubernetes.io/arch': arch,
  };
}

/**
 * What to write to our ControlNode where it was made otherwise: k0s's own says what was true when it was made.
 * What others have added stays.
 */
export function controlNodePatch(
  { metadata }: SeenObject,
  facts: ControlNodeFacts,
): readonly PatchOperation[] {
  const operations = [
    ...setIn('labels', metadata.labels, controlNodeLabels(facts)),
    ...setIn('annotations', metadata.annotations, { [ANNOTATION.mode]: facts.mode }),
  ];
  if (operations.length === 0) return [];
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    ...operations,
  ];
}

function setIn(
  field: 'labels' | 'annotations',
  stored: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>>,
): PatchOperation[] {
  if (stored === undefined) return [{ op: 'add', path: `/metadata/${field}`, value: wanted }];
  return Object.entries(wanted)
    .filter(([key, value]) => stored[key] !== value)
    .map(([key, value]) => ({
      op: 'add',
      path: `/metadata/${field}/${key.replaceAll('/', '~1')}`,
      value,
    }));
}

const statusSchema = z.looseObject({
  addresses: z.array(z.object({ type: z.string(), address: z.string() })).optional(),
  k0sVersion: z.string().optional(),
});

/** What to write to the status of our ControlNode; nothing where it says so already. */
export function controlNodeStatusPatch(
  object: SeenObject,
  facts: ControlNodeFacts,
): readonly PatchOperation[] {
  const stored = statusSchema.safeParse(object.status ?? {}).data ?? {};
  const addresses = [
    ...(facts.apiAddress === undefined
      ? (stored.addresses ?? []).filter(({ type }) => type === 'InternalIP')
      : [{ type: 'InternalIP', address: facts.apiAddress }]),
    { type: 'Hostname', address: facts.nodeName },
  ];
  // while k0s is down its last version stays: the report says what answers now
  const k0sVersion = facts.k0sVersion ?? stored.k0sVersion;
  const status = { addresses, ...(k0sVersion !== undefined && { k0sVersion }) };
  const before = { addresses: stored.addresses, k0sVersion: stored.k0sVersion };
  if (JSON.stringify(status) === JSON.stringify(before)) return [];
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
    { op: 'add', path: '/status', value: status },
  ];
}
