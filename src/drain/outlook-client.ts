import { messageOf } from '../errors.ts';
import type { Kube } from '../kube/client.ts';
import type { RawList, RawPod } from '../kube/raw.ts';
import type { Log } from '../log.ts';
import type { OutlookPod } from '../plans/outlook.ts';
import { mustGo } from './evictable.ts';

/** What was listed is taken for true for so long, while its node is still next. */
const FRESH_MS = 5_000;
/** A node whose pods cannot be listed is judged without them after that. */
const TIMEOUT_MS = 5_000;
const AT_ONCE = 5;

export interface OutlookClient {
  /** Lists the pods of these nodes, and keeps doing so from time to time; those of all others are forgotten. */
  lookAhead(nodes: ReadonlySet<string>): void;
  /**
   * Pods that would have to go from a node.
   * @returns undefined until they have been listed once; empty where they could not be
   */
  pods(node: string): readonly OutlookPod[] | undefined;
}

export interface OutlookOptions {
  readonly kube: Kube;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called when {@link OutlookClient.pods} may say something new. */
  readonly onChange: () => void;
}

interface Listing {
  pods: readonly OutlookPod[] | undefined;
  /** When it was asked for last, by the monotonic clock. */
  atMs: number;
  isUnderWay: boolean;
}

export function createOutlookClient(options: OutlookOptions): OutlookClient {
  const { kube, log, signal } = options;
  const listings = new Map<string, Listing>();
  let underWay = 0;

  async function list(node: string, listing: Listing): Promise<void> {
    listing.isUnderWay = true;
    underWay++;
    try {
      const { items } = await kube.request<RawList<RawPod>>('GET', '/api/v1/pods', {
        // As the API server has it at hand: what is judged by it is only who goes first.
        query: { fieldSelector: `spec.nodeName=${node}`, resourceVersion: '0' },
        timeoutMs: TIMEOUT_MS,
        signal,
      });
      listing.pods = (items ?? []).filter(goes).map(({ metadata }) => ({
        namespace: metadata.namespace ?? '',
        labels: metadata.labels ?? {},
      }));
    } catch (thrown) {
      if (signal.aborted) return;
      log.warn({ node, error: messageOf(thrown) }, 'the pods of a node that is next not listed');
      listing.pods ??= [];
    } finally {
      underWay--;
      listing.isUnderWay = false;
      listing.atMs = performance.now();
    }
    options.onChange();
  }

  return {
    lookAhead(nodes) {
      for (const node of listings.keys()) if (!nodes.has(node)) listings.delete(node);
      const nowMs = performance.now();
      for (const node of nodes) {
        if (underWay >= AT_ONCE || signal.aborted) return;
        let listing = listings.get(node);
        if (listing === undefined) {
          listing = { pods: undefined, atMs: Number.NEGATIVE_INFINITY, isUnderWay: false };
          listings.set(node, listing);
        }
        if (!listing.isUnderWay && nowMs - listing.atMs >= FRESH_MS) void list(node, listing);
      }
    },
    pods: (node) => listings.get(node)?.pods,
  };
}

/** What is being ended already has been counted by its budgets. */
function goes(pod: RawPod): boolean {
  return mustGo(pod) && pod.metadata.deletionTimestamp === undefined;
}
