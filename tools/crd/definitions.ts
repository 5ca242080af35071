import type * as z from 'zod';
import { controlNodeSchema } from '../../src/api/control-node.ts';
import { GROUP, VERSION } from '../../src/api/meta.ts';
import { planSchema } from '../../src/api/plan.ts';
import { markLists, type StructuralSchema, structuralSchema } from './structural.ts';

interface Column {
  readonly name: string;
  readonly type: 'string' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
}

interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly description: string;
  readonly source: string;
  readonly schema: z.ZodObject;
  readonly columns: readonly Column[];
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
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural: kind.plural, singular },
      scope: 'Cluster',
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
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
    properties: {
      apiVersion: { description: 'Group and version of this object.', type: 'string' },
      kind: { description: 'Kind of this object.', type: 'string' },
      metadata: { type: 'object' },
      ...(spec && { spec: { description: 'What is wanted.', ...spec } }),
      ...(status && { status: { description: 'What has been observed.', ...markLists(status) } }),
    },
  };
}
