import { createContext, Script } from 'node:vm';

/**
 * What a policy says is run in our own process: a regular expression that goes back and forth, or an
 * expression of many loops over many objects, must not stop everything else.
 */
const LIMIT_MS = 200;

const SCRIPT = new Script('work()');

/**
 * Runs `work` to its end, or for 200 ms.
 * @throws Error that says so when it took longer, and whatever `work` throws
 */
export function cutOff<T>(work: () => T, limitMs = LIMIT_MS): T {
  // Nothing is isolated by the context: it is only how a synchronous call is given a limit of time.
  const context = createContext({ work });
  try {
    return SCRIPT.runInContext(context, { timeout: limitMs }) as T;
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw thrown;
    throw new Error(`it takes longer than ${limitMs} ms`, { cause: thrown });
  }
}
