import type { Agent, IncomingMessage } from 'node:http';
import { http, https } from '../artifacts/node-http-client.ts';
import { AutopilotError, messageOf } from '../errors.ts';
import type { ApiObject, PatchOperation } from './api-object.ts';
import type { Credential } from './kubeconfig-store.ts';

/** The API server answered, and not as wished. */
export class ApiAnswerError extends AutopilotError {
  readonly reason = 'ApiAnswer';
  readonly retryable: boolean;
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
    this.retryable = status >= 500 || status === 429 || status === 409;
  }
}

/** No server could be reached, or none answered in time. */
export class ApiUnreachableError extends AutopilotError {
  readonly reason = 'ApiUnreachable';
  readonly retryable = true;
}

export interface ApiClientOptions {
  /** Asked before each request; a new object is a new credential. */
  readonly credential: () => Credential;
  readonly requestTimeoutMs: number;
  /** A watch without a byte for so long is taken to be dead. Bookmarks come about once a minute. */
  readonly watchSilenceMs: number;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** Enough of the Kubernetes API for one object: get, create, JSON Patch, watch. TLS is always verified. */
export class ApiClient {
  readonly #options: ApiClientOptions;
  #agent: { credential: Credential; agent: Agent } | undefined;
  /** The server that answered last is asked first. */
  #favourite = 0;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  /** @returns undefined when there is no such thing (404) */
  async get(path: string, signal: AbortSignal): Promise<ApiObject | undefined> {
    try {
      return await this.#json({ method: 'GET', path }, signal);
    } catch (thrown) {
      if (thrown instanceof ApiAnswerError && thrown.status === 404) return undefined;
      throw thrown;
    }
  }

  create(path: string, body: ApiObject, signal: AbortSignal): Promise<ApiObject> {
    return this.#json({ method: 'POST', path, body, contentType: 'application/json' }, signal);
  }

  patch(
    path: string,
    operations: readonly PatchOperation[],
    signal: AbortSignal,
  ): Promise<ApiObject> {
    const contentType = 'application/json-patch+json';
    return this.#json({ method: 'PATCH', path, body: operations, contentType }, signal);
  }

  /** The lines of a watch, until the server ends it. @throws when it breaks or falls silent */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<ApiObject> {
    const response = await this.#send({ method: 'GET', path }, signal);
    const { watchSilenceMs } = this.#options;
    response.socket.setKeepAlive(true, 30_000);
    response.setTimeout(watchSilenceMs, () => {
      const seconds = Math.round(watchSilenceMs / 1000);
      response.destroy(new ApiUnreachableError(`the watch was silent for ${seconds} s`));
    });
    response.setEncoding('utf8');
    let rest = '';
    try {
      for await (const text of response as AsyncIterable<string>) {
        rest += text;
        for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
          const line = rest.slice(0, end);
          rest = rest.slice(end + 1);
          if (line !== '') yield JSON.parse(line) as ApiObject;
        }
      }
    } finally {
      response.destroy();
    }
  }

  close(): void {
    this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  async #json(sent: Sent, signal: AbortSignal): Promise<ApiObject> {
    // by hand: signals made by AbortSignal.any stay with the long-lived one that they follow
    const own = new AbortController();
    const stop = () => own.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const bodyLate = setTimeout(
      () => own.abort(new Error('the answer did not end in time')),
      this.#options.requestTimeoutMs * (this.#options.credential().servers.length + 1),
    );
    try {
      const response = await this.#send(sent, own.signal);
      return JSON.parse(await textOf(response)) as ApiObject;
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof AutopilotError) throw thrown;
      throw new ApiUnreachableError(`${sent.method} ${sent.path}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    } finally {
      clearTimeout(bodyLate);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Tries every server once, the one that worked last at first. @returns an answer of 2xx */
  async #send(sent: Sent, signal: AbortSignal): Promise<IncomingMessage> {
    const credential = this.#options.credential();
    const { servers } = credential;
    let trouble: unknown;
    for (let turn = 0; turn < servers.length; turn++) {
      const index = (this.#favourite + turn) % servers.length;
      const server = servers[index] ?? '';
      let response: IncomingMessage;
      try {
        response = await this.#request(server, credential, sent, signal);
      } catch (thrown) {
        signal.throwIfAborted();
        trouble = thrown;
        continue;
      }
      this.#favourite = index;
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) return response;
      const body = await textOf(response).catch(() => '');
      throw new ApiAnswerError(
        `${sent.method} ${sent.path} at ${server}: ${status} ${saidIn(body)}`,
        status,
      );
    }
    throw new ApiUnreachableError(
      `cannot reach the API at ${servers.join(', ')}: ${messageOf(trouble)}`,
      { cause: trouble },
    );
  }

  #request(
    server: string,
    credential: Credential,
    sent: Sent,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const body = sent.body === undefined ? undefined : JSON.stringify(sent.body);
    const secure = server.startsWith('https:');
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(`${server}${sent.path}`, {
        method: sent.method,
        agent: this.#agentFor(credential, secure),
        signal,
        headers: {
          accept: 'application/json',
          'user-agent': 'autopilot-agent',
          ...(credential.token !== undefined && { authorization: `Bearer ${credential.token}` }),
          ...(body !== undefined && {
            'content-type': sent.contentType ?? 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        },
      });
      // connect and headers only; a body that stalls is watched by its reader
      const late = setTimeout(
        () => request.destroy(new Error(`no answer within ${this.#options.requestTimeoutMs} ms`)),
        this.#options.requestTimeoutMs,
      );
      request.on('response', (response) => {
        clearTimeout(late);
        response.on('error', () => undefined); // its reader hears of it from the stream itself
        resolve(response);
      });
      request.on('error', (thrown) => {
        clearTimeout(late);
        reject(thrown);
      });
      request.end(body);
    });
  }

  /** Connections are kept, and dropped with the credential that they were made with. */
  #agentFor(credential: Credential, secure: boolean): Agent {
    if (this.#agent?.credential === credential) return this.#agent.agent;
    this.#agent?.agent.destroy();
    const pool = { keepAlive: true, maxSockets: 4, maxFreeSockets: 1 };
    const { ca, cert, key, tlsServerName } = credential;
    const agent = secure
      ? new https.Agent({
          ...pool,
          ...(ca !== undefined && { ca }),
          ...(cert !== undefined && { cert }),
          ...(key !== undefined && { key }),
          ...(tlsServerName !== undefined && { servername: tlsServerName }),
          rejectUnauthorized: true,
        })
      : new http.Agent(pool);
    this.#agent = { credential, agent };
    return agent;
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const part of response as AsyncIterable<string>) text += part;
  return text;
}

/** The message of a Status object, or the beginning of whatever came. */
function saidIn(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // not JSON: a proxy's page
  }
  return body.slice(0, 200);
}
