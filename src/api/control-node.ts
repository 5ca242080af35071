import * as z from 'zod';
import { metadataSchema } from './meta.ts';

export const controlNodeStatusSchema = z.object({
  addresses: z
    .array(
      z.object({
        type: z.string().describe('Hostname, InternalIP or ExternalIP.'),
        address: z.string().describe('The address.'),
      }),
    )
    .optional()
    .describe('Where the controller is reached: its API server answers on the InternalIP.'),
  k0sVersion: z.string().optional().describe('The k0s version that runs there.'),
});

/** A machine that runs the control plane; a pure controller has no Node object, so this stands for it. */
export const controlNodeSchema = z.looseObject({
  metadata: metadataSchema,
  status: controlNodeStatusSchema.optional(),
});
export type ControlNode = z.infer<typeof controlNodeSchema>;
