import { setTimeout as pause } from 'node:timers/promises';
import type { Role } from '../api/plan.ts';
import { ApiError, isNotFound } from './api-error.ts';
import type { Kube } from './client.ts';
import { kindAt, targetPath } from './target-path.ts';

const RETRY_MS = 500;

/** Whether a write that failed so may have come about all the same: nobody has said no. */
export function isInDoubt(thrown: unknown): boolean {
  return !(thrown instanceof ApiError) || thrown.status >= 500;
}

/**
 * Reads a target whose last write is in doubt, however long the API server is away: what is judged before that is
 * judged on what was true before the write. Two nodes would be begun where one may be.
 * @returns undefined where the target is gone, or may not be read
 * @throws the reason of the signal once that is aborted
 */
export async function readAgain(
  kube: Kube,
  role: Role,
  name: string,
  signal: AbortSignal,
): Promise<unknown> {
  const path = targetPath(role, name);
  for (;;) {
    try {
      return await kube.request('GET', path, { kind: kindAt(path), signal });
    } catch (thrown) {
      signal.throwIfAborted();
      if (isNotFound(thrown) || !isInDoubt(thrown)) return undefined;
      await pause(RETRY_MS, undefined, { signal });
    }
  }
}
