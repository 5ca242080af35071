import { Agent, request } from 'undici';
import { messageOf } from '../errors.ts';
import { startDeadline } from '../kube/deadline.ts';

/** What came of one GET. */
export type Fetched =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'unanswered'; readonly why: string };

export interface FetchOptions {
  /** Of the body; the rest is not read. */
  readonly mostBytes: number;
  /** For all of it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Asks a URL of the policy. Certificates are verified against what this machine trusts. A redirect is an
 * answer and not followed: it would lead to a place that no policy has named. A new connection each time,
 * as a user would make; no proxy.
 */
export async function fetchText(url: string, options: FetchOptions): Promise<Fetched> {
  const { mostBytes, timeoutMs } = options;
  const agent = new Agent({ allowH2: false, pipelining: 0, connect: { timeout: timeoutMs } });
  const deadline = startDeadline(timeoutMs, options.signal);
  try {
    const response = await request(url, {
      dispatcher: agent,
      headers: { 'user-agent': 'autopilot' },
      signal: deadline.signal,
    });
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of response.body) {
      parts.push(part);
      bytes += part.length;
      if (bytes >= mostBytes) break;
    }
    const body = Buffer.concat(parts).subarray(0, mostBytes).toString('utf8');
    return { kind: 'answered', status: response.statusCode, body };
  } catch (thrown) {
    const late = deadline.passed() || codeOf(thrown) === 'UND_ERR_CONNECT_TIMEOUT';
    return {
      kind: 'unanswered',
      why: late ? `${url}: no answer within ${timeoutMs / 1000} s` : `${url}: ${whyOf(thrown)}`,
    };
  } finally {
    deadline.end();
    await agent.destroy();
  }
}

/** Of a name with several addresses each has its own reason, and the whole has none. */
function whyOf(thrown: unknown): string {
  if (!(thrown instanceof AggregateError)) return messageOf(thrown);
  return [...new Set(thrown.errors.map(messageOf))].join(', ') || thrown.message;
}

function codeOf(thrown: unknown): unknown {
  return (thrown as { code?: unknown }).code;
}
