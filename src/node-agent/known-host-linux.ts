import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import type { AgentFlags, KnownHost } from './config.ts';
import { findK0sUnit } from './service-find-client.ts';

/**
 * Looks at the host once, before anything is begun.
 * @throws NoK0sUnitError where no service of it is k0s, or more than one
 */
export async function knowHost(
  flags: AgentFlags,
  environment: KnownHost['environment'],
): Promise<KnownHost> {
  return { unit: await unitOf(flags), hostname: hostname(), environment, realPath };
}

async function unitOf({ service, serviceName }: AgentFlags): Promise<KnownHost['unit']> {
  if (service.kind === 'supervised') return undefined;
  return findK0sUnit({ manager: service.kind, name: service.at ?? serviceName });
}

/** A path that leads nowhere stays as it is: who uses it will say so. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
