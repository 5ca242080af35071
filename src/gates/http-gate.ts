import type { GateSpec } from '../api/policy-gates.ts';
import type { GateAnswer } from './answer.ts';

/** How much of an answer is looked at. */
export const BODY_BYTES = 64 * 1024;

export type HttpSpec = NonNullable<GateSpec['http']>;

/** @param body the first {@link BODY_BYTES} of it */
export function judgeHttp(
  spec: HttpSpec,
  { status, body }: { readonly status: number; readonly body: string },
): GateAnswer {
  const { url } = spec;
  const isGood = spec.status?.includes(status) ?? (status >= 200 && status <= 299);
  if (!isGood) {
    const wanted = spec.status?.join(', ') ?? '200 to 299';
    return { outcome: 'fail', message: `wanted HTTP ${wanted}, found ${status} at ${url}` };
  }
  if (spec.body !== undefined && !new RegExp(spec.body).test(body)) {
    return {
      outcome: 'fail',
      message: `wanted ${spec.body} in the answer, found none in the first ${body.length} characters of ${url}`,
    };
  }
  return { outcome: 'pass', message: `HTTP ${status} at ${url}` };
}
