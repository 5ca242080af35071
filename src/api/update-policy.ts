import * as z from 'zod';
import { conditionSchema, metadataSchema } from './meta.ts';
import { policySchema } from './policy.ts';

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
  spec: policySchema,
  status: updatePolicyStatusSchema.optional(),
});
export type UpdatePolicy = z.infer<typeof updatePolicySchema>;
