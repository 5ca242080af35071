import { type Dispatcher, request as httpRequest } from 'undici';
import { AutopilotError, messageOf } from '../errors.ts';
import { ApiError, type ApiStatus, ApiUnreachableError } from './api-error.ts';
import { Connections, type Purpose } from './connections.ts';
import { type Credentials, loadKubeConfig, readCredentials } from './credentials.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import { inBursts } from './in-bursts.ts';
import { isProtobuf, readEnvelope } from './protobuf/envelope.ts';
import type { Kind } from './protobuf/message.ts';
import { STATUS } from './protobuf/status.ts';
import { protobufEvents } from './protobuf/watch-events.ts';
import type { RawObject } from './raw.ts';
import { createServerClock, type ServerClock } from './server-clock.ts';
import { Servers } from './servers.ts';
import { jsonEvents, type WatchEvent } from './watch-event.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; `application/json` unless said otherwise. */
  readonly contentType?: string;
  /** For the whole request, the wait for a connection included; 10 s unless said otherwise. */
  readonly timeoutMs?: number;
  /** What the answer is, where it may come in protobuf: less is sent, and of that only what is needed is read. */
  readonly kind?: Kind | undefined;
  /** Called with the first part of the answer as soon as it has come; the rest may take a while. Must not throw. */
  readonly onHead?: ((head: Buffer) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WatchOptions {
  readonly query?: Query;
  /** The watch ends with ApiUnreachableError when nothing at all comes for this long. */
  readonly silenceTimeoutMs: number;
  /** @see RequestOptions.kind; of one object */
  readonly kind?: Kind<RawObject> | undefined;
  /** Called when the API server has let us in: the first event may be a minute away. */
  readonly onOpen?: () => void;
  /** Waited for whenever all that has come has been read; without it, each event is handed on as it comes. */
  readonly pause?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export const CONTENT_TYPE = {
  json: 'application/json',
  jsonPatch: 'application/json-patch+json',
  mergePatch: 'application/merge-patch+json',
  /** JSON is YAML. */
  apply: 'application/apply-patch+yaml',
} as const;

/** The API servers of one cluster: that of the kubeconfig, and those that were learned beside it. */
export interface Kube {
  /** URL of the one that is asked now, for messages. */
  readonly server: string;
  /**
   * Other API servers, to be asked when one cannot be. Each has to prove by its certificate that it is one.
   * @param urls without the one of the kubeconfig, or with it; they replace what was learned before
   */
  learnServers(urls: readonly string[]): void;
  readonly serverClock: ServerClock;
  /**
   * @returns the parsed answer; undefined where it is empty
   * @throws ApiError when the API server says no, ApiUnreachableError when it cannot be asked, and the
   *   reason of `signal` when that is aborted
   */
  request<T = unknown>(method: Method, path: string, options?: RequestOptions): Promise<T>;
  /**
   * The events of a watch. Ends when the server ends it.
   * @throws as {@link request} does, and SyntaxError where an event cannot be read
   */
  watch(path: string, options: WatchOptions): AsyncGenerator<WatchEvent>;
  /** For other programs of the same cluster, such as each API server's own `/readyz`. */
  credentials(): Promise<Credentials>;
  /** Cuts what is under way, for good. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Path of a kubeconfig; without it $KUBECONFIG, then the Pod's ServiceAccount, then ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  /** Of the kubeconfig; else its current one. */
  readonly context?: string | undefined;
  /** Of this program, for the User-Agent. */
  readonly version?: string;
  /** Told of every request; must not throw. */
  readonly onAnswer?: (answer: Answered) => void;
}

/** What became of one request. */
export interface Answered {
  readonly verb: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'watch';
  /** Of HTTP; undefined where no answer came. */
  readonly code: number | undefined;
  /** Until the first byte of the answer, or until it was given up. */
  readonly seconds: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const EITHER = `${PROTOBUF}, ${CONTENT_TYPE.json}`;

/**
 * Reads the configuration; nothing is sent yet.
 * @throws KubeconfigError when there is none, or it cannot be read
 */
export function connect(options: ConnectOptions = {}): Kube {
  const { onAnswer } = options;
  const config = loadKubeConfig(options.kubeconfig, options.context);
  const server = config.getCurrentCluster()?.server.replace(/\/+$/, '') ?? '';
  const userAgent = `autopilot/${options.version ?? 'dev'}`;
  const servers = new Servers(server);
  const connections = new Connections(config, server);
  const serverClock = createServerClock();

  async function send(
    purpose: Purpose,
    method: Method,
    path: string,
    options: RequestOptions & { bodyTimeoutMs?: number },
    abort: AbortSignal,
    asked: { server: string },
  ): Promise<Dispatcher.ResponseData> {
    const sent = performance.now();
    const tell = (code: number | undefined) =>
      onAnswer?.({
        verb: purpose === 'watch' ? 'watch' : (method.toLowerCase() as Answered['verb']),
        code,
        seconds: (performance.now() - sent) / 1000,
      });
    const ask = async (from: string) => {
      const { dispatcher, credentials } = await connections.open(purpose, from);
      return httpRequest(urlOf(from, path, options.query), {
        dispatcher,
        method,
        headers: {
          ...credentials.headers,
          'user-agent': userAgent,
          accept: options.kind === undefined ? CONTENT_TYPE.json : EITHER,
          ...(options.body === undefined
            ? {}
            : { 'content-type': options.contentType ?? CONTENT_TYPE.json }),
        },
        body: options.body === undefined ? null : JSON.stringify(options.body),
        // The deadline of the whole is `abort`; undici's own would only add a second, coarser one.
        headersTimeout: 0,
        bodyTimeout: options.bodyTimeoutMs ?? 0,
        signal: abort,
      });
    };
    const askInTurn = async () => {
      const turn = servers.inTurn();
      for (const [at, one] of turn.entries()) {
        asked.server = one;
        try {
          const response = await ask(one);
          for (const left of servers.answered(one)) connections.cut(left);
          return response;
        } catch (thrown) {
          if (thrown instanceof AutopilotError || options.signal?.aborted) throw thrown;
          servers.failed(one);
          const isLast = at === turn.length - 1 || abort.aborted;
          if (isLast || !(method === 'GET' || wasNeverSent(thrown))) throw thrown;
        }
      }
      throw new Error('no API server is known');
    };
    const response = await askInTurn().catch((thrown: unknown) => {
      // What we ourselves did not want any more says nothing of the API server.
      if (!options.signal?.aborted) tell(undefined);
      throw thrown;
    });
    tell(response.statusCode);
    serverClock.record(headerOf(response, 'date'), sent, performance.now());
    if (response.statusCode < 200 || response.statusCode > 299) {
      throw await refusal(`${method} ${path}`, response);
    }
    return response;
  }

  return {
    get server() {
      return servers.current;
    },
    learnServers: (urls) => servers.learn(urls),
    serverClock,
    async request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
      const deadline = startDeadline(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, options.signal);
      const asked = { server };
      try {
        const response = await send('request', method, path, options, deadline.signal, asked);
        const answer = await bytesOf(response.body, options.onHead);
        if (answer.length === 0) return undefined as T;
        if (options.kind !== undefined && isProtobuf(answer)) {
          return readEnvelope(answer, { [options.kind.name]: options.kind.message }) as T;
        }
        return JSON.parse(answer.toString('utf8')) as T;
      } catch (thrown) {
        throw explain(`${method} ${asked.server}${path}`, thrown, deadline, options.signal);
      } finally {
        deadline.end();
      }
    },
    async *watch(path: string, options: WatchOptions): AsyncGenerator<WatchEvent> {
      const deadline = startDeadline(DEFAULT_TIMEOUT_MS, options.signal);
      const asked = { server };
      try {
        const response = await send(
          'watch',
          'GET',
          path,
          {
            ...(options.query ? { query: options.query } : {}),
            kind: options.kind,
            bodyTimeoutMs: options.silenceTimeoutMs,
          },
          deadline.signal,
          asked,
        );
        // It has answered; from here on only silence ends it.
        deadline.lift();
        options.onOpen?.();
        const { body } = response;
        const chunks = options.pause === undefined ? body : inBursts(body, options.pause);
        const isBinary = headerOf(response, 'content-type')?.startsWith(PROTOBUF);
        yield* options.kind !== undefined && isBinary
          ? protobufEvents(chunks, options.kind)
          : jsonEvents(chunks);
      } catch (thrown) {
        // It has come whole, and would be the same if it came again.
        if (thrown instanceof SyntaxError) throw thrown;
        throw explain(`watch ${asked.server}${path}`, thrown, deadline, options.signal);
      } finally {
        // Also when the reader leaves early: aborting closes the connection.
        deadline.end();
      }
    },
    credentials: () => readCredentials(config),
    close: () => connections.destroy(),
  };
}

async function bytesOf(
  body: Dispatcher.ResponseData['body'],
  onHead: RequestOptions['onHead'],
): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of body as AsyncIterable<Buffer>) {
    if (parts.length === 0) onHead?.(part);
    parts.push(part);
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

function urlOf(server: string, path: string, query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) params.set(name, String(value));
  }
  const text = params.toString();
  return `${server}${path}${text === '' ? '' : `?${text}`}`;
}

/** Nobody can have carried it out, so that somebody else may be asked to. */
function wasNeverSent(thrown: unknown): boolean {
  const { code } = thrown as { readonly code?: unknown };
  return (
    typeof code === 'string' &&
    /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED)/.test(
      code,
    )
  );
}

function headerOf(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function refusal(request: string, response: Dispatcher.ResponseData): Promise<ApiError> {
  const answer = await bytesOf(response.body, undefined);
  const text = answer.toString('utf8');
  let status: ApiStatus;
  try {
    status = isProtobuf(answer)
      ? readEnvelope<ApiStatus>(answer, { Status: STATUS })
      : (JSON.parse(text) as ApiStatus);
  } catch {
    // A proxy's page, or plain text from a server that is still starting.
    status = { message: text.slice(0, 200).trim() };
  }
  const retryAfter = Number(headerOf(response, 'retry-after'));
  return new ApiError(
    request,
    response.statusCode,
    status,
    retryAfter > 0 ? retryAfter * 1000 : undefined,
  );
}

function explain(
  request: string,
  thrown: unknown,
  deadline: Deadline,
  outer: AbortSignal | undefined,
): unknown {
  if (thrown instanceof AutopilotError) return thrown;
  if (outer?.aborted) return outer.reason;
  const why = deadline.passed()
    ? `no answer within ${deadline.timeoutMs / 1000} s`
    : messageOf(thrown);
  return new ApiUnreachableError(`${request}: ${why}`, { cause: thrown });
}
