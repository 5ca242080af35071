import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import * as z from 'zod';
import { type PolicyLayer, policySchema, withDefaults } from './api/policy.ts';
import { AutopilotError, messageOf } from './errors.ts';

/** What was given on the command line or in a file cannot be used; the message says which and why. */
export class ConfigError extends AutopilotError {
  readonly reason = 'ConfigInvalid';
  readonly retryable = false;
}

export const orchestratorConfigSchema = z.strictObject({
  kubeconfig: z.string().min(1).optional(),
  policy: z.string().min(1).optional(),
  apiPort: z.coerce.number().int().min(1).max(65_535).default(6443),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
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
 * The policy that holds for every Plan, from a YAML file.
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
  const result = policySchema.safeParse(document);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ConfigError(
      `policy ${path}: at ${issue?.path.join('.') || '(root)'}: ${issue?.message ?? 'not valid'}`,
    );
  }
  try {
    withDefaults(result.data);
  } catch (thrown) {
    throw new ConfigError(`policy ${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
  return result.data;
}

function optionName(field: string): string {
  return `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
