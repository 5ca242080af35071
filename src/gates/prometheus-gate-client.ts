import { type GateAnswer, unknown } from './answer.ts';
import { fetchText } from './http-client.ts';
import { judgePrometheus, type PrometheusSpec, queryUrl } from './prometheus-gate.ts';

/** A result that is larger is cut, and then no answer of Prometheus any more. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Asks once. Never throws: what cannot be asked is unknown. */
export async function askPrometheus(
  spec: PrometheusSpec,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<GateAnswer> {
  const fetched = await fetchText(queryUrl(spec), { mostBytes: MOST_BYTES, timeoutMs, signal });
  return fetched.kind === 'unanswered'
    ? unknown(`could not be asked: ${fetched.why}`)
    : judgePrometheus(spec, fetched);
}
