import type * as z from 'zod';
import { controlNodeSchema } from '../../src/api/control-node.ts';
import {
  EXTENSIONS_GROUP,
  EXTENSIONS_VERSION,
  GROUP,
  UPDATE_POLICY,
  VERSION,
} from '../../src/api/meta.ts';
import { planSchema } from '../../src/api/plan.ts';
import { planTargetsSchema } from '../../src/api/plan-targets.ts';
import { quarantinedArtifactSchema } from '../../src/api/quarantined-artifact.ts';
import { updateConfigSchema } from '../../src/api/update-config.ts';
import { updatePolicySchema } from '../../src/api/update-policy.ts';
import { updateRunSchema } from '../../src/api/update-run.ts';
import { markLists, type Rule, type StructuralSchema, structuralSchema } from './structural.ts';

interface Column {
  readonly name: string;
  readonly type: 'string' | 'date' | 'boolean';
  readonly jsonPath: string;
  readonly description?: string;
}

interface Kind {
  readonly kind: string;
  /** Of k0s's kinds where none is named. */
  readonly group?: string;
  readonly version?: string;
  readonly plural: string;
  readonly description: string;
  readonly source: string;
  readonly schema: z.ZodObject;
  readonly columns: readonly Column[];
  /** About the whole object, its name included. */
  readonly rules?: readonly Rule[];
}

const AGE: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

const KINDS: readonly Kind[] = [
  {
    kind: 'Plan',
    plural: 'plans',
    source: 'src/api/plan.ts',
    description: 'Orders an update of k0s: what, on which machines, and how many at once.',
    schema: planSchema,
    columns: [
      { name: 'State', type: 'string', jsonPath: '.status.state' },
      {
        name: 'Progress',
        type: 'string',
        jsonPath: '.status.progress.text',
        description: 'Machines that have their version, of all.',
      },
      { name: 'Version', type: 'string', jsonPath: '.status.targetVersion' },
      {
        name: 'Waits For',
        type: 'string',
        jsonPath: '.status.waitsFor',
        description: 'What the Plan waits for at this moment.',
      },
      AGE,
    ],
  },
  {
    kind: 'ControlNode',
    plural: 'controlnodes',
    source: 'src/api/control-node.ts',
    description: 'A machine that runs the control plane and can be updated by a Plan.',
    schema: controlNodeSchema,
    columns: [
      { name: 'Version', type: 'string', jsonPath: '.status.k0sVersion' },
      {
        name: 'Address',
        type: 'string',
        jsonPath: '.status.addresses[?(@.type=="InternalIP")].address',
      },
      AGE,
    ],
  },
  {
    kind: 'UpdateConfig',
    plural: 'updateconfigs',
    source: 'src/api/update-config.ts',
    description: 'Follows a channel of releases, and makes Plans of what it offers.',
    schema: updateConfigSchema,
    columns: [
      { name: 'Channel', type: 'string', jsonPath: '.spec.channel' },
      { name: 'Current', type: 'string', jsonPath: '.status.currentVersion' },
      { name: 'Next', type: 'string', jsonPath: '.status.nextVersion' },
      {
        name: 'Followed',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Followed")].reason',
        description: 'What came of the last look at the channel.',
      },
      {
        name: 'Up To Date',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="UpToDate")].reason',
        description: 'Whether every machine has what the channel offers, or why not.',
      },
      AGE,
    ],
  },
  {
    kind: 'UpdatePolicy',
    group: EXTENSIONS_GROUP,
    version: EXTENSIONS_VERSION,
    plural: 'updatepolicies',
    source: 'src/api/update-policy.ts',
    description: 'Says how updates are done, for every Plan of the cluster.',
    schema: updatePolicySchema,
    columns: [
      { name: 'Paused', type: 'boolean', jsonPath: '.spec.paused' },
      {
        name: 'Accepted',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Accepted")].status',
        description: 'Whether updates can be done as it says.',
      },
      AGE,
    ],
    rules: [
      {
        rule: `self.metadata.name == '${UPDATE_POLICY}'`,
        message: `wanted the name ${UPDATE_POLICY}: there is one UpdatePolicy, which holds for every Plan; a Plan has its own in spec.policy`,
      },
    ],
  },
  {
    kind: 'QuarantinedArtifact',
    group: EXTENSIONS_GROUP,
    version: EXTENSIONS_VERSION,
    plural: 'quarantinedartifacts',
    source: 'src/api/quarantined-artifact.ts',
    description:
      'A k0s binary that has failed in this cluster: no Plan begins with it until this is deleted.',
    schema: quarantinedArtifactSchema,
    columns: [
      { name: 'Version', type: 'string', jsonPath: '.spec.version' },
      { name: 'Platform', type: 'string', jsonPath: '.spec.platform' },
      { name: 'Reason', type: 'string', jsonPath: '.spec.reason' },
      { name: 'Node', type: 'string', jsonPath: '.spec.node' },
      { name: 'Plan', type: 'string', jsonPath: '.spec.plan' },
      AGE,
    ],
  },
  {
    kind: 'PlanTargets',
    group: EXTENSIONS_GROUP,
    version: EXTENSIONS_VERSION,
    plural: 'plantargets',
    source: 'src/api/plan-targets.ts',
    description:
      'A part of the status of a Plan whose run is too large for one object; written by the orchestrator.',
    schema: planTargetsSchema,
    columns: [
      { name: 'Plan', type: 'string', jsonPath: '.spec.plan' },
      { name: 'Run', type: 'string', jsonPath: '.spec.runID' },
      AGE,
    ],
  },
  {
    kind: 'UpdateRun',
    group: EXTENSIONS_GROUP,
    version: EXTENSIONS_VERSION,
    plural: 'updateruns',
    source: 'src/api/update-run.ts',
    description:
      'Tells of one run of a Plan; written by the orchestrator, kept when the Plan is gone.',
    schema: updateRunSchema,
    columns: [
      { name: 'Plan', type: 'string', jsonPath: '.spec.plan' },
      { name: 'State', type: 'string', jsonPath: '.status.state' },
      { name: 'Progress', type: 'string', jsonPath: '.status.progress' },
      { name: 'Reason', type: 'string', jsonPath: '.status.reason' },
      { name: 'Started', type: 'date', jsonPath: '.status.startedAt' },
      { name: 'Finished', type: 'date', jsonPath: '.status.finishedAt' },
    ],
  },
];

export interface Definition {
  /** Path in the clone. */
  readonly file: string;
  readonly source: string;
  readonly manifest: ReturnType<typeof manifestOf>;
}

/** The CustomResourceDefinitions of this project, made from its zod schemas. */
export function definitions(): readonly Definition[] {
  return KINDS.map((kind) => ({
    file: `crds/${kind.kind.toLowerCase()}.yaml`,
    source: kind.source,
    manifest: manifestOf(kind),
  }));
}

function manifestOf(kind: Kind) {
  const singular = kind.kind.toLowerCase();
  const { group = GROUP, version = VERSION } = kind;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${group}` },
    spec: {
      group,
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural: kind.plural, singular },
      scope: 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...('status' in kind.schema.shape ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: kind.columns,
          schema: { openAPIV3Schema: rootSchema(kind) },
        },
      ],
    },
  };
}

/** The API server owns `metadata`, `apiVersion` and `kind`; a CRD may not say more about them. */
function rootSchema(kind: Kind): StructuralSchema {
  const { properties, required, ...rest } = structuralSchema(kind.schema.omit({ metadata: true }));
  const { spec, status } = properties ?? {};
  return {
    description: kind.description,
    ...rest,
    ...(required && { required }),
    ...(kind.rules && { 'x-kubernetes-validations': kind.rules }),
    properties: {
      apiVersion: { description: 'Group and version of this object.', type: 'string' },
      kind: { description: 'Kind of this object.', type: 'string' },
      metadata: { type: 'object' },
      ...(spec && { spec: { description: 'What is wanted.', ...spec } }),
      ...(status && { status: { description: 'What has been observed.', ...markLists(status) } }),
    },
  };
}
