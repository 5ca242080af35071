import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { ApiError, ApiUnreachableError, isExpired } from './api-error.ts';
import { createBackoff } from './backoff.ts';
import type { Kube, Query } from './client.ts';
import { continueOf } from './list-head.ts';
import { listOf } from './protobuf/list.ts';
import type { Kind } from './protobuf/message.ts';
import { keyOf, type RawList, type RawObject } from './raw.ts';

/** What is kept of an object: as little as possible, and these two. */
export interface Trimmed {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly resourceVersion: string;
}

export interface Change<T> {
  readonly kind: 'changed' | 'deleted';
  /** What there is now, or was last seen of a deleted object. */
  readonly object: T;
  /** What was known of it before. */
  readonly before: T | undefined;
}

export interface InformerOptions<T extends Trimmed> {
  readonly kube: Kube;
  /** Of the collection, such as `/api/v1/nodes`. */
  readonly path: string;
  /** Such as `fieldSelector`. */
  readonly query?: Query;
  /** What they are, where there are so many that they had better come in protobuf. */
  readonly kind?: Kind<RawObject>;
  /** Picks what is needed. `previous` is what it made of this object before: to be reused in part. */
  readonly trim: (raw: unknown, previous: T | undefined) => T;
  /** Called after {@link Informer.get} knows of it. Must not throw. */
  readonly onChange?: (change: Change<T>) => void;
  /** Called when `healthy` or `lastError` has changed. */
  readonly onHealth?: () => void;
  /** Where changes come by the thousand: waited for between two bursts of them. */
  readonly pause?: (() => Promise<void>) | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Bookmarks come about every minute; a connection that is silent for longer is taken for dead. */
  readonly silenceTimeoutMs?: number;
  /** For one page of the list; 30 s unless said otherwise. */
  readonly listTimeoutMs?: number;
  /** Longest pause between two tries to reach the API server. */
  readonly backoffCapMs?: number;
}

export interface Informer<T> {
  /** Resolves when everything has been listed once; rejects when `signal` is aborted before. */
  synced(): Promise<void>;
  readonly isSynced: boolean;
  /** By name, or `NAMESPACE/NAME` for what lives in namespaces. */
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  /**
   * Takes in an object as the API server answered to a write, ahead of the watch: who has just written
   * must not judge by what was there before. Older than what is known: ignored.
   */
  note(raw: unknown): void;
  /**
   * The same, even of the revision that is known: an API server shows more of an object, or less, when the
   * definition of its kind has changed.
   */
  reread(raw: unknown): void;
  readonly size: number;
  /** false: what we know may be out of date, and `lastError` says why. */
  readonly healthy: boolean;
  /** Why the API server could not be read the last time; undefined when all is well. */
  readonly lastError: string | undefined;
  /** Resolves once everything has ended, after `signal` was aborted. Never rejects. */
  readonly ended: Promise<void>;
}

/** Some 2 MB of Nodes: a page is in memory as text and as objects at once. */
export const PAGE = 250;
/** Of what comes in protobuf, only what is kept is made into objects: 3 MB of Nodes, and little beside. */
export const PROTOBUF_PAGE = 500;
/** Where not even that comes in time, the API server is of no use. */
const LEAST_PAGE = 25;
const LIST_TIMEOUT_MS = 30_000;
/** A watch that lived this long has worked: what ends it is ordinary, and the next one may begin at once. */
const PROVEN_MS = 5_000;
/** A refused watch is first tried again from where it stood; after this many in a row, all is listed anew. */
const REFUSALS_BEFORE_LIST = 3;

/** A page of a list that has been asked for. */
interface Page {
  /** Where the next one begins, known as soon as this one begins to come; undefined: there is none. */
  readonly next: Promise<string | undefined>;
  readonly whole: Promise<RawList>;
}

/** Revisions of a collection are ordered as numbers. @see KEP-5504, comparable resource versions */
export function isNewer(a: string, b: string): boolean {
  return BigInt(a) > BigInt(b);
}

/**
 * Keeps a trimmed copy of a collection: list once, then watch. It never ends by itself.
 *
 * Nothing is missed: a watch goes on from the resourceVersion that was seen last (bookmarks keep it young),
 * and wherever that is not possible everything is listed again and compared, which also finds what was
 * deleted meanwhile. An event that cannot be read counts as such a place.
 */
export function startInformer<T extends Trimmed>(options: InformerOptions<T>): Informer<T> {
  const { kube, path, kind, trim, signal, log, listTimeoutMs = LIST_TIMEOUT_MS } = options;
  const listKind = kind && listOf(kind);
  const objects = new Map<string, T>();
  const backoff = createBackoff(200, options.backoffCapMs ?? 5_000);
  const first = Promise.withResolvers<void>();
  // Who never asks for it must not be ended by an unhandled rejection.
  first.promise.catch(() => {});
  let isSynced = false;
  let healthy = false;
  let lastError: string | undefined;
  let refusals = 0;
  /** Smaller where an API server, or the way to it, is too slow for more in one answer. */
  let page = kind === undefined ? PAGE : PROTOBUF_PAGE;
  /** What was noted while a list was under way: the list may have been made before that. */
  let noted: Set<string> | undefined;

  function setHealth(error: string | undefined): void {
    const changed = healthy !== (error === undefined) || lastError !== error;
    healthy = error === undefined;
    lastError = error;
    if (changed) options.onHealth?.();
  }

  function put(raw: unknown, isAnew = false): void {
    const { metadata } = raw as RawObject;
    const key = keyOf(metadata);
    const previous = objects.get(key);
    if (previous?.resourceVersion === metadata.resourceVersion && !isAnew) return;
    let object: T;
    try {
      object = trim(raw, previous);
    } catch (thrown) {
      // Left as it was rather than let through: one odd object must not hide all the others.
      log.error({ path, object: key, error: messageOf(thrown) }, 'object cannot be read');
      return;
    }
    objects.set(key, object);
    options.onChange?.({ kind: 'changed', object, before: previous });
  }

  function isNews({ metadata }: RawObject): boolean {
    const known = objects.get(keyOf(metadata));
    return known === undefined || isNewer(metadata.resourceVersion, known.resourceVersion);
  }

  function drop(key: string): void {
    const object = objects.get(key);
    if (object === undefined) return;
    objects.delete(key);
    options.onChange?.({ kind: 'deleted', object, before: object });
  }

  /** What does not come in time comes in smaller parts. */
  async function listPage(
    from: string | undefined,
    onHead: (head: Buffer) => void,
  ): Promise<RawList> {
    for (;;) {
      const begunMs = performance.now();
      try {
        return await kube.request<RawList>('GET', path, {
          query: { ...options.query, limit: page, continue: from },
          timeoutMs: listTimeoutMs,
          kind: listKind,
          onHead,
          signal,
        });
      } catch (thrown) {
        const isSlow =
          thrown instanceof ApiUnreachableError &&
          performance.now() - begunMs >= listTimeoutMs &&
          page > LEAST_PAGE;
        if (!isSlow || signal.aborted) throw thrown;
        page = Math.max(LEAST_PAGE, Math.floor(page / 4));
        log.warn({ path, page }, 'the API server answers slowly, less is listed at once');
      }
    }
  }

  function beginPage(from: string | undefined): Page {
    const head = Promise.withResolvers<string | undefined>();
    const whole = listPage(from, (begun) => head.resolve(continueOf(begun)));
    whole.then(
      ({ metadata }) => head.resolve(metadata.continue || undefined),
      () => head.resolve(undefined),
    );
    return { next: head.promise, whole };
  }

  /** @returns the resourceVersion to watch from */
  async function list(): Promise<string> {
    const seen = new Set<string>();
    noted = new Set();
    let resourceVersion = '';
    for (let current: Page | undefined = beginPage(undefined); current !== undefined; ) {
      // One page is made while the one before it is read: they are two halves of the time.
      const expected: string | undefined = await current.next;
      const ahead: Page | undefined = expected === undefined ? undefined : beginPage(expected);
      const listed: RawList = await current.whole;
      resourceVersion = listed.metadata.resourceVersion;
      for (const raw of listed.items ?? []) {
        const key = keyOf(raw.metadata);
        seen.add(key);
        // Taken even where it looks older: the cluster may have been restored from a backup.
        if (!noted.has(key)) put(raw);
      }
      const next = listed.metadata.continue || undefined;
      // Another one where it had to be asked for again, in smaller parts.
      current = next === expected ? ahead : next === undefined ? undefined : beginPage(next);
    }
    noted = undefined;
    for (const key of [...objects.keys()]) if (!seen.has(key)) drop(key);
    return resourceVersion;
  }

  /**
   * @param from where to begin
   * @param moved called with each resourceVersion that has been dealt with
   * @throws whatever ended it, other than the server's ordinary time limit
   */
  async function watch(from: string, moved: (resourceVersion: string) => void): Promise<void> {
    const events = kube.watch(path, {
      query: {
        ...options.query,
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: from,
        // Spread, so that a server that comes back is not met by everybody at the same moment again.
        timeoutSeconds: 300 + Math.floor(Math.random() * 300),
      },
      silenceTimeoutMs: options.silenceTimeoutMs ?? 90_000,
      kind,
      onOpen: () => setHealth(undefined),
      pause: options.pause,
      signal,
    });
    for await (const event of events) {
      const version = event.object.metadata?.resourceVersion;
      switch (event.type) {
        case 'ADDED':
        case 'MODIFIED':
          // Older: what was noted is ahead of the watch.
          if (isNews(event.object as RawObject)) put(event.object);
          break;
        case 'DELETED':
          drop(keyOf((event.object as RawObject).metadata));
          break;
        case 'BOOKMARK':
          break;
        default:
          throw new ApiError(`watch ${path}`, event.object.code ?? 500, event.object, undefined);
      }
      if (version) moved(version);
      refusals = 0;
    }
  }

  async function run(): Promise<void> {
    let resourceVersion: string | undefined;
    while (!signal.aborted) {
      const begun = performance.now();
      try {
        if (resourceVersion === undefined) {
          resourceVersion = await list();
          setHealth(undefined);
          if (!isSynced) {
            isSynced = true;
            first.resolve();
          }
          log.debug({ path, objects: objects.size, resourceVersion }, 'listed');
        }
        await watch(resourceVersion, (version) => {
          resourceVersion = version;
        });
        // The server's own time limit. One that closes every watch at once must not be asked without pause.
        if (performance.now() - begun < PROVEN_MS)
          await sleep(backoff.next(), undefined, { signal });
        else backoff.reset();
      } catch (thrown) {
        if (signal.aborted) break;
        const known = thrown instanceof ApiError;
        if (isExpired(thrown) || thrown instanceof SyntaxError) {
          log.info({ path, error: messageOf(thrown) }, 'watch cannot go on, listing anew');
          resourceVersion = undefined;
        } else if (known && ++refusals >= REFUSALS_BEFORE_LIST) {
          // Such as a resourceVersion that is too large for a cluster restored from a backup.
          refusals = 0;
          resourceVersion = undefined;
        }
        // An expired watch is ordinary after a pause; what is known is still the last known truth.
        if (!isExpired(thrown)) setHealth(messageOf(thrown));
        if (performance.now() - begun > PROVEN_MS) backoff.reset();
        const pauseMs = Math.max(backoff.next(), (known && thrown.retryAfterMs) || 0);
        log.warn({ path, error: messageOf(thrown), pauseMs }, 'watch ended');
        await sleep(pauseMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  const ended = run()
    .catch(() => {})
    .then(() => {
      healthy = false;
      lastError ??= 'stopped';
      first.reject(signal.reason);
    });

  return {
    synced: () => first.promise,
    get isSynced() {
      return isSynced;
    },
    get: (key) => objects.get(key),
    values: () => objects.values(),
    note(raw) {
      const key = keyOf((raw as RawObject).metadata);
      // Gone meanwhile: an answer from before must not bring it back.
      if (!objects.has(key) || !isNews(raw as RawObject)) return;
      noted?.add(key);
      put(raw);
    },
    reread(raw) {
      const { metadata } = raw as RawObject;
      const known = objects.get(keyOf(metadata));
      if (known === undefined || isNewer(known.resourceVersion, metadata.resourceVersion)) return;
      noted?.add(keyOf(metadata));
      put(raw, true);
    },
    get size() {
      return objects.size;
    },
    get healthy() {
      return healthy;
    },
    get lastError() {
      return lastError;
    },
    ended,
  };
}
