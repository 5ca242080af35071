import * as z from 'zod';
import type { ServiceManager, ServiceState } from './host.ts';
import { askSocket } from './unix-http-client.ts';

const STATE_WITHIN_MS = 5000;
/** A controller may take its time to stop; the supervisor kills it before this. */
const RESTART_WITHIN_MS = 180_000;

const stateSchema = z.looseObject({
  pid: z.number().int().nullish(),
  restarts: z.number().int(),
  lastOutput: z.string().default(''),
});
const restartSchema = z.looseObject({ gapMs: z.number().nullish() });

/** k0s as a plain supervised process: the client of tools/minihost's control socket. */
export function supervisedService(controlSocket: string, name: string): ServiceManager {
  const path = `/services/${encodeURIComponent(name)}`;
  return {
    async state(): Promise<ServiceState> {
      const { pid, restarts, lastOutput } = stateSchema.parse(
        await ask(controlSocket, 'GET', path, STATE_WITHIN_MS),
      );
      return { pid: pid ?? undefined, exits: restarts, lastOutput };
    },
    async restart() {
      const answer = await ask(controlSocket, 'POST', `${path}/restart`, RESTART_WITHIN_MS);
      return { gapMs: restartSchema.parse(answer).gapMs ?? undefined };
    },
  };
}

async function ask(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs: number,
): Promise<unknown> {
  const { status, body } = await askSocket(socketPath, method, path, timeoutMs);
  if (status === 200) return JSON.parse(body);
  throw new Error(`${method} ${path} at ${socketPath}: wanted 200, found ${status} ${body.trim()}`);
}
