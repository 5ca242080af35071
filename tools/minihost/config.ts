import { readFileSync } from 'node:fs';
import * as z from 'zod';

const serviceSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  /** The program is looked up anew at each start: it is what gets replaced. */
  argv: z.array(z.string()).min(1),
  /** Added to minihost's own environment. */
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().optional(),
  /** Before a service that ended by itself is started again; k0s's units say 10 s. */
  restartDelayMs: z.number().int().min(0).default(10_000),
  /** From SIGTERM to SIGKILL. */
  stopTimeoutMs: z.number().int().min(0).default(30_000),
  /** Appended to. */
  log: z.string().startsWith('/'),
  /** false: waits for POST /services/NAME/start. */
  autostart: z.boolean().default(true),
});
export type ServiceConfig = z.infer<typeof serviceSchema>;

const configSchema = z.strictObject({
  /** Where the host is controlled: a unix socket, at most about 100 bytes long. */
  control: z.string().startsWith('/').max(100),
  services: z.array(serviceSchema),
});
export type MinihostConfig = z.infer<typeof configSchema>;

/** @throws Error that names the file and the field */
export function readMinihostConfig(path: string): MinihostConfig {
  const parsed = configSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`${path}: at ${issue?.path.join('.') || '(root)'}: ${issue?.message}`);
}
