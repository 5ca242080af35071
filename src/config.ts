import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import * as z from 'zod';
import type { PolicyLayer } from './api/policy.ts';
import { describeFlaws, readPolicyLayer } from './api/policy-flaws.ts';
import { AutopilotError, messageOf } from './errors.ts';
import { type Listen, METRICS_ADDRESS, parseListen } from './metrics/address.ts';
import { layerFlaws } from './plans/layer-flaws.ts';

/** What was given on the command line or in a file cannot be used; the message says which and why. */
export class ConfigError extends AutopilotError {
  readonly reason = 'ConfigInvalid';
  readonly retryable = false;
}

export const orchestratorConfigSchema = z
  .strictObject({
    kubeconfig: z.string().min(1).optional(),
    policy: z.string().min(1).optional(),
    apiPort: z.coerce.number().int().min(1).max(65_535).default(6443),
    ownHost: z.string().min(1).optional(),
    metricsAddress: z
      .string()
      .default(METRICS_ADDRESS)
      .transform((text, context): Listen => {
        const listen = parseListen(text);
        if (typeof listen !== 'string') return listen;
        context.addIssue({ code: 'custom', message: listen });
        return z.NEVER;
      }),
    metricsTokenFile: z.string().min(1).optional(),
    metricsCertFile: z.string().min(1).optional(),
    metricsKeyFile: z.string().min(1).optional(),
    logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  })
  .refine(({ metricsCertFile: cert, metricsKeyFile: key }) => !cert === !key, {
    path: ['metricsCertFile'],
    message: 'wanted together with --metrics-key-file, found one without the other',
  });
export type OrchestratorConfig = z.infer<typeof orchestratorConfigSchema>;

/** @throws ConfigError naming the option */
export function parseConfig<T>(schema: z.ZodType<T>, given: unknown): T {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues
      .map(
        ({ path, message }) =>
          `${path.length === 0 ? 'options' : optionName(String(path[0]))}: ${message}`,
      )
      .join('; '),
  );
}

/**
 * The lowest layer of the policy, from a YAML file.
 * @returns an empty layer where no file is named: then the defaults hold
 * @throws ConfigError naming the file and the field
 */
export async function readPolicy(path: string | undefined): Promise<PolicyLayer> {
  if (path === undefined) return {};
  let document: unknown;
  try {
    document = parse(await readFile(path, 'utf8')) ?? {};
  } catch (thrown) {
    throw new ConfigError(`policy ${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
  const read = readPolicyLayer(document);
  const flaws = read.kind === 'layer' ? layerFlaws(read.layer) : read.flaws;
  if (read.kind === 'flaws' || flaws.length > 0) {
    throw new ConfigError(`policy ${path}: ${describeFlaws('', flaws)}`);
  }
  return read.layer;
}

function optionName(field: string): string {
  return `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
