import { messageOf } from '../errors.ts';
import { type GateAnswer, unknown } from './answer.ts';
import { cutOff } from './cut-off.ts';
import { fetchText } from './http-client.ts';
import { BODY_BYTES, type HttpSpec, judgeHttp } from './http-gate.ts';

/** Asks once. Never throws: what cannot be asked is unknown. */
export async function askHttp(
  spec: HttpSpec,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<GateAnswer> {
  const fetched = await fetchText(spec.url, { mostBytes: BODY_BYTES, timeoutMs, signal });
  if (fetched.kind === 'unanswered') return unknown(`could not be asked: ${fetched.why}`);
  try {
    return cutOff(() => judgeHttp(spec, fetched));
  } catch (thrown) {
    return unknown(`body cannot be judged: ${messageOf(thrown)}`);
  }
}
