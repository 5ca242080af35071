import * as z from 'zod';
import { followSchema } from './follow.ts';
import { conditionSchema, metadataSchema } from './meta.ts';
import { policySchema, withRules } from './policy.ts';
import { trustSchema } from './trust.ts';

/** What is said for the whole cluster alone, and not in a Plan. */
const clusterFields = {
  channels: followSchema
    .optional()
    .describe('How channels are followed, for every UpdateConfig that does not say otherwise.'),
  trust: trustSchema.optional().describe('Whom update servers have to convince.'),
};

export const updatePolicyStatusSchema = z.object({
  observedGeneration: z
    .number()
    .int()
    .optional()
    .describe('The generation of the spec that the conditions speak of.'),
  conditions: z
    .array(conditionSchema)
    .optional()
    .describe('Accepted: whether updates can be done as the policy says.'),
});
export type UpdatePolicyStatus = z.infer<typeof updatePolicyStatusSchema>;

/** How updates are done, for every Plan of the cluster: of the layers below a Plan's own `spec.policy`, the upper one. */
export const updatePolicySchema = z.looseObject({
  metadata: metadataSchema,
  spec: withRules(policySchema.extend(clusterFields)),
  status: updatePolicyStatusSchema.optional(),
});
export type UpdatePolicy = z.infer<typeof updatePolicySchema>;
