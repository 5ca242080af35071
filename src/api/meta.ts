import * as z from 'zod';

export const GROUP = 'autopilot.k0sproject.io';
export const VERSION = 'v1beta2';
export const API_VERSION = `${GROUP}/${VERSION}`;
/** Kinds of our own, which k0s does not know. */
export const EXTENSIONS_GROUP = `extensions.${GROUP}`;
export const EXTENSIONS_VERSION = 'v1alpha1';
export const EXTENSIONS_API_VERSION = `${EXTENSIONS_GROUP}/${EXTENSIONS_VERSION}`;
/** The one UpdatePolicy that there may be: it holds for every Plan. */
export const UPDATE_POLICY = 'default';
export const NAMESPACE = 'k0s-autopilot';
/** The Lease of k0s's own Autopilot: whoever holds it is the only one that may order nodes about. */
export const LEADER_LEASE = 'k0s-autopilot-controller';

/** Annotation keys on Node and ControlNode; each has exactly one writer. */
export const ANNOTATION = {
  /** written by the orchestrator: what the node shall do */
  order: `${GROUP}/order`,
  /** written by the node's agent: what it has achieved and what it is */
  report: `${GROUP}/report`,
  /** written by the orchestrator: the id of the order that the node is emptied for, `/kept` behind it
   * where somebody else had cordoned the node before */
  cordonedFor: `${GROUP}/cordoned-for`,
  /** written by people: leaves the node out of updates until that time (RFC 3339) */
  optOut: `${GROUP}/opt-out`,
  /** written by people: `VERSION` or `VERSION@TIME`; leaves the node out of updates to others */
  pin: `${GROUP}/pin`,
  /** on a Plan, written by `autopilot adopt`: the last of its generations that was k0s's to run */
  adopted: `${GROUP}/adopted`,
  /** k0s's own: `controller` or `controller+worker`, set when the ControlNode is created */
  mode: `${GROUP}/mode`,
} as const;

/** Written by the orchestrator on nodes whose turn is next; its value is the run. */
export const SOFT_TAINT = { key: `${GROUP}/update-pending`, effect: 'PreferNoSchedule' } as const;

/** CustomResourceDefinitions: of Plans, which k0s has as well, and the one whose age is that of our installation. */
export const DEFINITION = {
  plans: `plans.${GROUP}`,
  installation: `updatepolicies.${EXTENSIONS_GROUP}`,
} as const;

/** Label of ConfigMaps that hold what was there before a run; its value is the run. */
export const BASELINE_LABEL = `${EXTENSIONS_GROUP}/baseline-of`;

/** The part of ObjectMeta that we read. */
export const metadataSchema = z.looseObject({
  name: z.string(),
  uid: z.string().default(''),
  generation: z.number().int().default(1),
  resourceVersion: z.string().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

export const conditionSchema = z.object({
  type: z.string().describe('Name of the condition, an adjective or a participle.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether the condition holds.'),
  reason: z.string().describe('Why, as one CamelCase word from the catalogue of reasons.'),
  message: z.string().describe('Why, for a person: what was wanted, what was found, and where.'),
  lastTransitionTime: z.iso
    .datetime({ offset: true })
    .describe('When status last changed, by the clock of the orchestrator.'),
  observedGeneration: z
    .number()
    .int()
    .optional()
    .describe('The generation of the spec that this condition speaks of.'),
});
export type Condition = z.infer<typeof conditionSchema>;
