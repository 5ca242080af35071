import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { messageOf } from '../errors.ts';
import type { FetchRequest, RemoteFile } from '../node-agent/host.ts';
import { parseAddress, parseRedirect } from './address.ts';
import { type Asked, fileNameOf, type Head, judgeHead, tooLarge } from './answer.ts';
import { authorizationFor, type Credential } from './credentials.ts';
import { DownloadError } from './errors.ts';
import { http, https } from './node-http-client.ts';
import { isDirect } from './proxy.ts';
import { readCa, readCredentials } from './secrets-store.ts';
import { EMPTY_WINDOW, measured, SLOW_WINDOW_MS } from './slowness.ts';
import { codeOf } from './system-error.ts';
import { withoutSecrets } from './verify.ts';

const MAX_REDIRECTS = 5;
/** Beyond it Node's timers fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What the owner of a host allows; each is looked at again for every request and every redirect. */
export interface FetchRules {
  readonly allowedPrefixes: readonly string[] | undefined;
  readonly maxBytes: number;
  /** Without a head, or without a byte, for so long a server hangs. */
  readonly stallMs: number;
  readonly caFile: string | undefined;
  readonly credentialsFile: string | undefined;
}

export interface Surroundings {
  /** Of it only the proxies are used. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** So long a slow server is measured before it is given up. */
  readonly slowWindowMs?: number;
}

/** What is read once for a request and all its redirects. */
interface Means {
  readonly rules: FetchRules;
  readonly surroundings: Surroundings;
  readonly credentials: readonly Credential[];
  readonly ca: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/**
 * Asks for a file and gives its head; the body is read by the caller, whose pace the server has to keep.
 * Proxies are taken from the environment, as k0s does. Nothing is stored here, and nothing tried again.
 * @throws DownloadError, `retryable` where another attempt may end otherwise; the signal's reason when aborted
 */
export async function openRemote(
  request: FetchRequest,
  rules: FetchRules,
  surroundings: Surroundings,
): Promise<RemoteFile> {
  const deadline = AbortSignal.timeout(Math.min(Math.ceil(request.withinMs), LONGEST_TIMER_MS));
  const late = new DownloadError(
    `the download from ${withoutSecrets(request.url)} was under way when its time was over`,
    { retryable: true },
  );
  const ended = (thrown: unknown) => {
    if (request.signal.aborted) return request.signal.reason;
    return deadline.aborted ? late : thrown;
  };
  try {
    const { credentialsFile, caFile } = rules;
    const means: Means = {
      rules,
      surroundings,
      credentials: credentialsFile === undefined ? [] : await readCredentials(credentialsFile),
      ca: caFile === undefined ? undefined : await trustedWith(caFile),
      signal: AbortSignal.any([request.signal, deadline]),
    };
    const { exchange, asked, answer, head } = await follow(request, means);
    return {
      ...answer,
      fileName: fileNameOf(head, asked.url),
      body: bodyOf(exchange, asked, means, ended),
      close: () => exchange.end(),
    };
  } catch (thrown) {
    throw ended(thrown);
  }
}

/** The file's certificates beside those that are trusted anyway. */
async function trustedWith(caFile: string): Promise<readonly string[]> {
  const ca = await readCa(caFile);
  trustSystem();
  return [...process.getBuiltinModule('node:tls').getCACertificates('default'), ca];
}

let trustsSystem = false;

/**
 * Trusts what the system trusts, as k0s does: companies add their own certificates there. Asked for with the
 * first download over TLS, since Node would otherwise keep 3 MB of them in every agent.
 */
function trustSystem(): void {
  if (trustsSystem) return;
  trustsSystem = true;
  const tls = process.getBuiltinModule('node:tls');
  const system = tls.getCACertificates('system');
  if (system.length === 0) return; // no certificates are installed: those that come with Node hold
  tls.setDefaultCACertificates([...new Set([...system, ...tls.getCACertificates('extra')])]);
}

async function follow(request: FetchRequest, means: Means) {
  const { allowedPrefixes, maxBytes } = means.rules;
  let url = parseAddress(request.url, allowedPrefixes);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const asked: Asked = { url, resume: request.resume, maxBytes };
    const exchange = await ask(asked, means);
    const { response } = exchange;
    const head: Head = {
      status: response.statusCode ?? 0,
      statusText: response.statusMessage ?? '',
      headers: response.headers,
    };
    try {
      const answer = judgeHead(asked, head, Date.now());
      if (answer.kind === 'file') return { exchange, asked, answer, head };
      url = parseRedirect(url, answer.location, allowedPrefixes);
    } catch (thrown) {
      exchange.end();
      throw thrown;
    }
    exchange.end();
  }
  throw new DownloadError(
    `more than ${MAX_REDIRECTS} redirects, beginning at ${withoutSecrets(request.url)}`,
    { retryable: false },
  );
}

/** One request whose head has come. */
interface Exchange {
  readonly response: IncomingMessage;
  /** What the connection had to say after the head: more bytes than were announced. */
  readonly complaint: () => Error | undefined;
  end(thrown?: Error): void;
}

/**
 * The head has to be whole within `stallMs`, however many bytes of it come meanwhile. That covers looking
 * up the name, connecting, a proxy's tunnel and TLS as well.
 */
function ask({ url, resume }: Asked, means: Means): Promise<Exchange> {
  const { rules, signal } = means;
  const where = withoutSecrets(url.href);
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    };
    const fail = (thrown: unknown) => {
      settle();
      reject(thrown);
      request.destroy();
    };
    const giveUp = () => fail(signal.reason);
    const timer = setTimeout(() => fail(hanging(where, rules.stallMs)), rules.stallMs);
    let complaint: Error | undefined;
    const request = send(url, resume, means);
    request.on('response', (response) => {
      settle();
      // the reader hears of it from the stream itself, however late it begins to read
      response.on('error', () => undefined);
      resolve({
        response,
        complaint: () => complaint,
        end: (thrown) => {
          // a body under way ends with this error, not with a bare "aborted"
          response.destroy(thrown);
          request.destroy();
        },
      });
    });
    request.on('error', (thrown) => {
      complaint = thrown;
      fail(
        new DownloadError(`cannot reach ${where}: ${messageOf(thrown)}`, {
          cause: thrown,
          retryable: true,
        }),
      );
    });
    // not the request's own `signal`: it does not end one that waits for a proxy's tunnel
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp);
  });
}

function send(url: URL, resume: Asked['resume'], means: Means): ClientRequest {
  const { rules, surroundings, credentials, ca } = means;
  const { environment } = surroundings;
  const authorization = authorizationFor(url, credentials);
  const direct = isDirect(url, environment.no_proxy ?? environment.NO_PROXY);
  const agentOptions = {
    keepAlive: false,
    // whether there is a way around the proxy has been decided
    ...(!direct && { proxyEnv: { ...environment, no_proxy: '', NO_PROXY: '' } }),
    ...(ca && { ca: [...ca] }),
  };
  const secure = url.protocol === 'https:';
  if (secure) trustSystem();
  const options: RequestOptions = {
    agent: secure ? new https.Agent(agentOptions) : new http.Agent(agentOptions),
    // ends a tunnel that a proxy never opens; nobody else heeds it
    timeout: rules.stallMs,
    headers: {
      'user-agent': 'autopilot-agent',
      accept: '*/*',
      'accept-encoding': 'identity',
      ...(authorization !== undefined && { authorization }),
      ...(resume && { range: `bytes=${resume.fromByte}-` }),
      ...(resume?.validator !== undefined && { 'if-range': resume.validator }),
    },
  };
  return (secure ? https : http).get(url, options);
}

async function* bodyOf(
  exchange: Exchange,
  { url, resume, maxBytes }: Asked,
  { rules, surroundings, signal }: Means,
  ended: (thrown: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  const where = withoutSecrets(url.href);
  const { response } = exchange;
  const giveUp = () => exchange.end(signal.reason);
  signal.addEventListener('abort', giveUp);
  // counts only while we wait: what the disk or a rate limit takes is no fault of the server
  let waits = false;
  const timer = setTimeout(() => {
    if (waits) exchange.end(hanging(where, rules.stallMs));
  }, rules.stallMs);
  try {
    signal.throwIfAborted();
    const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    let doneBytes = response.statusCode === 206 ? (resume?.fromByte ?? 0) : 0;
    let window = EMPTY_WINDOW;
    for (;;) {
      timer.refresh();
      waits = true;
      const sinceMs = monotonicMs();
      const next = await chunks.next();
      waits = false;
      if (next.done) break;
      doneBytes += next.value.length;
      if (doneBytes > maxBytes) throw tooLarge(where, undefined, maxBytes);
      const { slowWindowMs = SLOW_WINDOW_MS } = surroundings;
      const now = measured(window, monotonicMs() - sinceMs, next.value.length, slowWindowMs);
      if (now === 'slow') throw crawling(where, slowWindowMs);
      window = now;
      yield next.value;
    }
    const complaint = exchange.complaint();
    if (complaint !== undefined) throw complaint;
  } catch (thrown) {
    const why = ended(thrown);
    if (signal.aborted || why instanceof DownloadError) throw why;
    const excess = codeOf(thrown)?.startsWith('HPE_') ? ' (it is not what its head said)' : '';
    throw new DownloadError(`the download from ${where} broke off${excess}: ${messageOf(thrown)}`, {
      cause: thrown,
      retryable: true,
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    exchange.end();
  }
}

function hanging(where: string, stallMs: number): DownloadError {
  const seconds = Math.round(stallMs / 1000);
  return new DownloadError(`${where} hangs: no byte for ${seconds} s`, { retryable: true });
}

function crawling(where: string, windowMs: number): DownloadError {
  const seconds = Math.round(windowMs / 1000);
  return new DownloadError(`${where} hangs: less than 1 KiB a second for ${seconds} s`, {
    retryable: true,
  });
}

/** Not performance.now(): asking for it loads a part of Node that we have no other use for. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
