import { isIP } from 'node:net';
import { Agent, request } from 'undici';
import { messageOf } from '../errors.ts';
import type { Credentials } from '../kube/credentials.ts';
import { startDeadline } from '../kube/deadline.ts';
import { judgeReadyz, type KnownReadiness, learn, type ReadyzAnswer } from './readyz.ts';

const NEVER_ASKED: KnownReadiness = {
  ready: 'Unknown',
  message: 'not asked yet',
  atMs: 0,
  sinceMs: 0,
};

export interface ReadyzOptions {
  /** Of the cluster: its CA verifies all of its API servers. */
  readonly credentials: () => Promise<Credentials>;
  /** Where the API servers listen. */
  readonly port: number;
  /** From the end of one question to the next, per API server; a quarter of it while somebody waits for one. */
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  /** Called when what is said of an API server has changed, its message included, or was news until lately. */
  readonly onChange: (name: string) => void;
  readonly nowMs?: () => number;
}

/** Asks each API server for its `/readyz`, again and again. */
export interface ReadyzProber {
  /**
   * Replaces the set of those that are asked.
   * @param addresses by name; undefined where the address is not known
   */
  watch(addresses: ReadonlyMap<string, string | undefined>): void;
  /** What was said last; Unknown with `atMs` 0 for one that was never asked. */
  get(name: string): KnownReadiness;
  /** Asks nobody any more, and cuts what is under way. */
  stop(): Promise<void>;
}

interface Probe {
  readonly address: string | undefined;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

export function startReadyzProber(options: ReadyzOptions): ReadyzProber {
  const intervalMs = options.intervalMs ?? 1_000;
  const timeoutMs = options.timeoutMs ?? 2_000;
  const nowMs = options.nowMs ?? Date.now;
  const probes = new Map<string, Probe>();
  const results = new Map<string, KnownReadiness>();

  async function run(name: string, address: string | undefined, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const answer: ReadyzAnswer =
        address === undefined
          ? { kind: 'notAsked', why: `the status of ControlNode ${name} has no InternalIP` }
          : await askReadyz(address, options.port, options.credentials, timeoutMs, stop);
      if (stop.aborted) return;
      const before = results.get(name);
      const now = learn(before, judgeReadyz(answer, nowMs()));
      results.set(name, now);
      const isNews = before?.ready !== now.ready || before.message !== now.message;
      if (isNews || isYoung(now)) options.onChange(name);
      await pause(isSteady(now) ? intervalMs : intervalMs * EAGER, stop);
    }
  }

  async function end(name: string): Promise<void> {
    const probe = probes.get(name);
    probes.delete(name);
    probe?.stop.abort();
    await probe?.ended;
  }

  return {
    watch(addresses) {
      for (const name of [...probes.keys()]) {
        if (addresses.has(name)) continue;
        void end(name);
        results.delete(name);
      }
      for (const [name, address] of addresses) {
        const known = probes.get(name);
        if (known && known.address === address) continue;
        // What the old address said is not what the new one says.
        if (known) results.delete(name);
        void end(name);
        const stop = new AbortController();
        probes.set(name, { address, stop, ended: run(name, address, stop.signal) });
      }
    },
    get: (name) => results.get(name) ?? NEVER_ASKED,
    async stop() {
      await Promise.all([...probes.keys()].map(end));
    },
  };
}

/** Of the time between two questions, while it is not ready or has not been for long. */
const EAGER = 0.25;
/** Who waits for it to have been ready for a while hears of every answer in that time. */
const YOUNG_MS = 4_000;

function isSteady(known: KnownReadiness): boolean {
  return known.ready === 'True' && !isYoung(known);
}

function isYoung({ ready, atMs, sinceMs }: KnownReadiness): boolean {
  return ready === 'True' && atMs - sinceMs <= YOUNG_MS;
}

/**
 * Asks one API server itself, never a load balancer in front of it. The certificate is always verified,
 * whatever the kubeconfig says: a wrong machine at that address must not pass for a healthy controller.
 * A new connection each time, as a user would make: one left over from before a restart proves nothing.
 */
export async function askReadyz(
  address: string,
  port: number,
  credentials: () => Promise<Credentials>,
  timeoutMs: number,
  stop?: AbortSignal,
): Promise<ReadyzAnswer> {
  let known: Credentials;
  try {
    known = await credentials();
  } catch (thrown) {
    return { kind: 'notAsked', why: messageOf(thrown) };
  }
  const { ca, cert, key } = known.tls;
  const agent = new Agent({
    allowH2: false,
    pipelining: 0,
    connect: {
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      rejectUnauthorized: true,
      timeout: timeoutMs,
    },
  });
  const deadline = startDeadline(timeoutMs, stop);
  const host = isIP(address) === 6 ? `[${address}]` : address;
  try {
    const response = await request(`https://${host}:${port}/readyz`, {
      dispatcher: agent,
      headers: known.headers,
      signal: deadline.signal,
    });
    return { kind: 'answered', status: response.statusCode, body: await response.body.text() };
  } catch (thrown) {
    const where = `${host}:${port}`;
    const code = codeOf(thrown);
    if (isCertificateProblem(code)) {
      return {
        kind: 'notAsked',
        why: `${where} shows a certificate that is not to be trusted: ${messageOf(thrown)}`,
      };
    }
    if (code === 'ECONNREFUSED') return { kind: 'silent', why: `${where} refuses connections` };
    const late = code === 'UND_ERR_CONNECT_TIMEOUT' || deadline.passed();
    return {
      kind: 'silent',
      why: late ? `${where} within ${timeoutMs / 1000} s` : `${where}: ${messageOf(thrown)}`,
    };
  } finally {
    deadline.end();
    await agent.destroy();
  }
}

function codeOf(thrown: unknown): string {
  const code = (thrown as { code?: unknown }).code;
  return typeof code === 'string' ? code : '';
}

/** The names that OpenSSL and Node give to a certificate that is refused. */
function isCertificateProblem(code: string): boolean {
  return /^(CERT_|UNABLE_TO_|ERR_TLS_CERT|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA)/.test(
    code,
  );
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop.addEventListener('abort', done, { once: true });
  });
}
