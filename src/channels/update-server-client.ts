import { getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici';
import type { Reason } from '../api/reasons.ts';
import { isDirect } from '../artifacts/proxy.ts';
import { messageOf } from '../errors.ts';
import { type Deadline, startDeadline } from '../kube/deadline.ts';
import { certificatesIn } from './follow-flaws.ts';
import { LONGEST_INDEX_BYTES } from './index-parse.ts';
import { parseRetryAfter } from './poll-schedule.ts';

export interface ServerQuestion {
  readonly url: string;
  /** Sent to the server that was named, and to no other one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  /** Of what is known already. */
  readonly etag: string | undefined;
  /** As in {@link Follow}: undefined, as the environment says; empty, none. */
  readonly proxy: string | undefined;
  readonly caBundle: string | undefined;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  /** For all of it, redirects included; 30 s unless said otherwise. */
  readonly timeoutMs?: number;
}

export type ServerAnswer =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly etag: string | undefined }
  /** What is known already is still so. */
  | { readonly kind: 'same' }
  /** Longer than any index: the rest was not read. */
  | { readonly kind: 'tooLarge'; readonly bytes: number }
  | {
      readonly kind: 'failed';
      readonly reason: Extract<Reason, 'ServerUnreachable' | 'ServerRefused' | 'RedirectRefused'>;
      readonly message: string;
      readonly retryAtMs: number | undefined;
    };

const TIMEOUT_MS = 30_000;
const MOST_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Asks an update server once: bounded bytes, bounded time, and no way down from https to http. What was meant for
 * the server alone, the token above all, is sent to no place that it leads to. Never throws, unless `signal` ends it.
 */
export async function askServer(question: ServerQuestion): Promise<ServerAnswer> {
  const deadline = startDeadline(question.timeoutMs ?? TIMEOUT_MS, question.signal);
  const dispatchers: Dispatcher[] = [];
  try {
    let url = new URL(question.url);
    for (let redirects = 0; ; redirects++) {
      const dispatcher = dispatcherFor(url, question);
      dispatchers.push(dispatcher);
      const response = await request(url, {
        dispatcher,
        headers: headersFor(url, question),
        // The deadline of the whole is the signal.
        headersTimeout: 0,
        bodyTimeout: 0,
        signal: deadline.signal,
      });
      if (!REDIRECTS.has(response.statusCode)) return await read(response, url, question);
      const next = redirectOf(url, headerOf(response, 'location'), redirects);
      if ('kind' in next) return next;
      url = next;
    }
  } catch (thrown) {
    question.signal.throwIfAborted();
    return failed('ServerUnreachable', `${question.url}: ${whyOf(thrown, deadline)}`);
  } finally {
    deadline.end();
    await Promise.all(dispatchers.map((one) => one.destroy().catch(() => {})));
  }
}

async function read(
  response: Dispatcher.ResponseData,
  url: URL,
  { etag }: ServerQuestion,
): Promise<ServerAnswer> {
  const { statusCode: status, body } = response;
  if (status === 304 && etag !== undefined) return { kind: 'same' };
  if (status !== 200) {
    const retryAtMs = parseRetryAfter(headerOf(response, 'retry-after'), Date.now());
    const isAway = status >= 500 || status === 429;
    const reason = isAway ? 'ServerUnreachable' : 'ServerRefused';
    return { ...failed(reason, `${url.href}: wanted 200, found ${status}`), retryAtMs };
  }
  const encoding = headerOf(response, 'content-encoding');
  if (encoding !== undefined && encoding !== 'identity') {
    return failed(
      'ServerRefused',
      `${url.href}: wanted it as it is, found content-encoding ${encoding}`,
    );
  }
  const announced = Number(headerOf(response, 'content-length'));
  if (announced > LONGEST_INDEX_BYTES) return { kind: 'tooLarge', bytes: announced };
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    parts.push(part);
    bytes += part.length;
    if (bytes > LONGEST_INDEX_BYTES) return { kind: 'tooLarge', bytes };
  }
  return { kind: 'bytes', bytes: Buffer.concat(parts), etag: headerOf(response, 'etag') };
}

function redirectOf(
  from: URL,
  location: string | undefined,
  redirects: number,
): URL | ServerAnswer {
  const refuse = (why: string) => failed('RedirectRefused', `${from.href}: ${why}`);
  if (location === undefined || !URL.canParse(location, from.href))
    return refuse('a redirect to nowhere');
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== 'http:')
    return refuse(`a redirect to ${to.protocol}`);
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    return refuse(`a redirect from https down to ${to.href}`);
  }
  if (redirects >= MOST_REDIRECTS) return refuse(`more than ${MOST_REDIRECTS} redirects`);
  return to;
}

function headersFor(url: URL, question: ServerQuestion): Record<string, string> {
  const isNamed = url.origin === new URL(question.url).origin;
  const own: Record<string, string> = isNamed ? { ...question.headers } : {};
  if (isNamed && question.token !== undefined) own.authorization = `Bearer ${question.token}`;
  if (question.etag !== undefined) own['if-none-match'] = question.etag;
  return { ...own, 'user-agent': question.userAgent, accept: '*/*', 'accept-encoding': 'identity' };
}

function dispatcherFor(url: URL, { proxy, caBundle }: ServerQuestion): Dispatcher {
  const own = certificatesIn(caBundle);
  // Beside those of this machine: a bundle for one mirror must not cut off all others.
  const ca = own.length === 0 ? {} : { ca: [...getCACertificates('default'), ...own] };
  const uri = proxyFor(url, proxy, process.env);
  return uri === undefined
    ? new Agent({ allowH2: false, connect: ca })
    : new ProxyAgent({ uri, allowH2: false, requestTls: ca, proxyTls: ca });
}

/** @param said undefined: as the environment says; empty: none */
export function proxyFor(
  url: URL,
  said: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (said !== undefined) return said || undefined;
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const found = env[name] ?? env[name.toUpperCase()];
  return found && !isDirect(url, env.no_proxy ?? env.NO_PROXY) ? found : undefined;
}

function failed(
  reason: Extract<ServerAnswer, { kind: 'failed' }>['reason'],
  message: string,
): Extract<ServerAnswer, { kind: 'failed' }> {
  return { kind: 'failed', reason, message, retryAtMs: undefined };
}

function headerOf(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function whyOf(thrown: unknown, deadline: Deadline): string {
  if (deadline.passed()) return `no whole answer within ${deadline.timeoutMs / 1000} s`;
  if (!(thrown instanceof AggregateError)) return messageOf(thrown);
  return [...new Set(thrown.errors.map(messageOf))].join(', ') || thrown.message;
}
