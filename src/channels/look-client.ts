import type { Follow } from '../api/follow.ts';
import type { Trust } from '../api/trust.ts';
import type { UpdateConfigStatus } from '../api/update-config.ts';
import type { Answer, Look } from './answer.ts';
import { judgeIndex } from './index-judge.ts';
import { parseCronDocument, tooLarge } from './index-parse.ts';
import { offeredByCron, offeredByIndex } from './offered.ts';
import { cronUrl, type Introduction, introductionHeaders } from './server-request.ts';
import { askServer } from './update-server-client.ts';

export interface LookQuestion {
  readonly url: string;
  readonly channel: string;
  readonly protocol: 'periodic' | 'cron';
  readonly generation: number;
  readonly follow: Pick<Follow, 'proxy'>;
  readonly trust: Trust;
  readonly introduction: Introduction;
  readonly token: string | undefined;
  readonly epochs: UpdateConfigStatus['epochs'];
  readonly userAgent: string;
  readonly signal: AbortSignal;
}

/** Bytes that were answered before, and by what they are known. */
interface Kept {
  readonly url: string;
  readonly etag: string;
  readonly bytes: Buffer;
}

/** Looks at one channel, again and again. */
export class LookClient {
  #kept: Kept | undefined;

  /** Never throws, unless `signal` ends it. */
  async look(question: LookQuestion): Promise<Look> {
    const { url, generation, protocol, introduction } = question;
    const atMs = Date.now();
    const kept = this.#kept?.url === url ? this.#kept : undefined;
    const said = await askServer({
      ...question,
      url: protocol === 'cron' ? cronUrl(url, introduction) : url,
      headers: protocol === 'cron' ? {} : introductionHeaders(introduction),
      etag: kept?.etag,
      proxy: question.follow.proxy,
      caBundle: question.trust.caBundle,
    });
    const look = { url, generation, atMs };
    if (said.kind === 'failed') {
      const { reason, message, retryAtMs } = said;
      const kind = reason === 'ServerUnreachable' ? 'unreachable' : 'refused';
      return { ...look, answer: { kind, reason, message }, retryAtMs };
    }
    if (said.kind === 'tooLarge') {
      const { reason, message } = tooLarge(url, said.bytes);
      return { ...look, answer: { kind: 'refused', reason, message }, retryAtMs: undefined };
    }
    if (said.kind === 'bytes') {
      const { bytes, etag } = said;
      this.#kept = etag === undefined ? undefined : { url, etag, bytes };
    }
    const bytes = said.kind === 'bytes' ? said.bytes : kept!.bytes;
    return { ...look, answer: answerOf(bytes, question, atMs), retryAtMs: undefined };
  }
}

/** What was kept is judged anew as well: it may have expired, or another key may be trusted since. */
function answerOf(bytes: Buffer, question: LookQuestion, nowMs: number): Answer {
  const { url, channel, protocol, trust, epochs } = question;
  const trustedKeys = trust.keys ?? [];
  if (protocol === 'cron') {
    if (trustedKeys.length > 0) {
      const message = `${url}: wanted a signed index, and the protocol of strategy cron knows none; use periodic`;
      return { kind: 'refused', reason: 'IndexUnsigned', message };
    }
    const parsed = parseCronDocument(bytes, url);
    if (parsed.kind === 'refused') {
      return { kind: 'refused', reason: parsed.reason, message: parsed.message };
    }
    return { kind: 'offered', offered: offeredByCron(parsed.update), seen: undefined };
  }
  const seen = epochs?.find((one) => one.url === url);
  const verdict = judgeIndex({ bytes, from: url, channel, trustedKeys, seen, nowMs });
  if (verdict.kind === 'refused') {
    return { kind: 'refused', reason: verdict.reason, message: verdict.message };
  }
  return { kind: 'offered', offered: offeredByIndex(verdict.index), seen: verdict.seen };
}
