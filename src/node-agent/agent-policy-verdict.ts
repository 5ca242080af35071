import { compareK0sVersions, parseK0sVersion } from '../api/k0s-version.ts';
import { atMirror, parseAddress } from '../artifacts/address.ts';
import { DownloadError } from '../artifacts/errors.ts';
import { type Order, urlsOf } from '../signals/order.ts';
import type { AgentPolicy } from './agent-policy.ts';
import type { Failure } from './failure.ts';

/** What the host is, as far as its policy asks. */
export interface JudgedHost {
  /** What k0s, or its binary, says of itself; undefined where neither says anything. */
  readonly runningVersion: string | undefined;
}

/**
 * What the owner of this host has against an order, told before anything is fetched. An undo is not asked
 * about: it puts back what was there. Nor is an order to go back to the binary of before the last update.
 */
export function judgeOrder(
  policy: AgentPolicy,
  order: Order,
  host: JudgedHost,
): Failure | undefined {
  const { artifact } = order;
  if (artifact.from === 'previous') return undefined;
  return (
    judgeSources(policy, artifact) ??
    (artifact.kind === 'k0s' ? judgeDowngrade(policy, artifact.version, host) : undefined)
  );
}

/** One source that may be asked is enough; the others are passed over when their turn comes. */
function judgeSources(policy: AgentPolicy, artifact: Order['artifact']): Failure | undefined {
  const { allowedPrefixes, mirrors } = policy.download;
  const named = urlsOf(artifact);
  const local = named.flatMap((url) =>
    mirrors.flatMap((rule) => rule.mirrors.map((mirror) => atMirror(url, rule.prefix, mirror))),
  );
  let message = '';
  for (const url of [...named, ...local]) {
    if (url === undefined) continue;
    try {
      parseAddress(url, allowedPrefixes);
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof DownloadError)) throw thrown;
      message ||= thrown.message;
    }
  }
  return { class: 'Environment', reason: 'SourceForbidden', message };
}

/**
 * Whether a version may take the place of the one that runs. Asked of the order, and again of what the
 * binary says: a forced order may name any version. Where nobody can tell what runs, the host is one to
 * repair and anything may be put on it.
 */
export function judgeDowngrade(
  policy: Pick<AgentPolicy, 'downgrade'>,
  version: string,
  { runningVersion }: JudgedHost,
): Failure | undefined {
  if (policy.downgrade === 'Allow' || runningVersion === undefined) return undefined;
  const from = parseK0sVersion(runningVersion);
  if (from === undefined) return undefined;
  const to = parseK0sVersion(version);
  if (to !== undefined && compareK0sVersions(to, from) >= 0) return undefined;
  const found = to === undefined ? `${clip(version)}, which is no version` : version;
  return {
    class: 'Environment',
    reason: 'DowngradeForbidden',
    message: `wanted ${runningVersion}, which runs here, or a later version, found ${found}`,
  };
}

function clip(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
