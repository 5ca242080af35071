import { atMirror } from '../artifacts/address.ts';
import type { DownloadError } from '../artifacts/errors.ts';
import { type Order, urlsOf } from '../signals/order.ts';
import type { DownloadRules } from './agent-policy.ts';
import { backoffMs } from './backoff.ts';

/** One address of the artifact, and what has become of it. Times are the host's uptime. */
export interface Source {
  readonly url: string;
  /** In a row; what brought new bytes counts as the first one again. */
  readonly failures: number;
  /** Until then the others come first, and it is left alone. */
  readonly restsUntilMs: number;
  /** It need not be asked again. */
  readonly final: DownloadError | undefined;
}

const PENALTY = { firstMs: 1000, capMs: 60_000 };
/** So often the source of a partial file is asked again before the whole is fetched from another one. */
const LOYALTY = 4;

/** Where the artifact may be had: the host's own mirrors, then what the order says. Each address once. */
export function sourcesOf(
  artifact: Pick<Order['artifact'], 'url' | 'mirrors'>,
  rules: Pick<DownloadRules, 'mirrors'>,
): readonly Source[] {
  const ordered = urlsOf(artifact);
  const own = ordered.flatMap((address) =>
    rules.mirrors.flatMap((rule) =>
      rule.mirrors.flatMap((mirror) => atMirror(address, rule.prefix, mirror) ?? []),
    ),
  );
  const urls = [...new Set([...own, ...ordered])];
  return urls.map((one) => ({ url: one, failures: 0, restsUntilMs: 0, final: undefined }));
}

export type Choice =
  | { readonly kind: 'ask'; readonly url: string }
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** Every source has failed for good. */
  | { readonly kind: 'none' };

/**
 * Chooses whom to ask next: the first that does not rest. The source that our part of the file came from
 * comes before all others, and is waited for a few times: nobody else can give the rest of that very file.
 * @param partOf address of that source, if there is a part
 */
export function chooseSource(
  sources: readonly Source[],
  nowMs: number,
  partOf: string | undefined,
): Choice {
  const left = sources.filter(({ final }) => final === undefined);
  const kept = left.find(({ url }) => url === partOf);
  const ordered = kept === undefined ? left : [kept, ...left.filter((source) => source !== kept)];
  const ready = ordered.find(({ restsUntilMs }) => restsUntilMs <= nowMs);
  const [first] = ordered;
  if (first === undefined) return { kind: 'none' };
  if (kept !== undefined && kept !== ready && kept.failures < LOYALTY) {
    return { kind: 'wait', untilMs: kept.restsUntilMs };
  }
  if (ready !== undefined) return { kind: 'ask', url: ready.url };
  return { kind: 'wait', untilMs: Math.min(...ordered.map(({ restsUntilMs }) => restsUntilMs)) };
}

/** The sources after one of them has failed: it rests, longer each time in a row, or is done with. */
export function afterFailure(
  sources: readonly Source[],
  url: string,
  failure: {
    readonly error: DownloadError;
    readonly nowMs: number;
    readonly broughtBytes: boolean;
    readonly random: () => number;
  },
): readonly Source[] {
  const { error, nowMs, broughtBytes, random } = failure;
  return sources.map((source) => {
    if (source.url !== url) return source;
    if (!error.retryable) return { ...source, final: error };
    const failures = broughtBytes ? 1 : source.failures + 1;
    const restMs = Math.max(backoffMs(failures, { ...PENALTY, random }), error.retryAfterMs ?? 0);
    return { ...source, failures, restsUntilMs: nowMs + restMs };
  });
}

/** What tells most about why nothing could be had, most telling first. */
const TELLING = ['ChecksumMismatch', 'ArtifactTooLarge', 'DownloadFailed', 'SourceForbidden'];

/** Why the download ends, once every source has failed for good. */
export function lastWord(
  sources: readonly Source[],
): Pick<DownloadError, 'reason' | 'message'> | undefined {
  const errors = sources.flatMap(({ final }) => final ?? []);
  const sorted = errors.toSorted((a, b) => TELLING.indexOf(a.reason) - TELLING.indexOf(b.reason));
  const [first] = sorted;
  if (first === undefined) return undefined;
  return { reason: first.reason, message: sorted.map(({ message }) => message).join('; ') };
}
