import * as z from 'zod';
import { messageOf } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { backoffMs } from './backoff.ts';
import { type OwnObject, type SeenObject, seenObjectSchema } from './own-object.ts';
import { pause } from './pause.ts';

/** `read`: how it is now, even where that is older than before: a cluster was restored from a backup. */
export type Sight = 'read' | 'watched';

export interface FollowOptions {
  readonly api: ApiClient;
  readonly own: OwnObject;
  readonly random: () => number;
  /** Each sight of the object; undefined when the server says that there is none. */
  readonly onObject: (object: SeenObject | undefined, how: Sight) => void;
  readonly onTrouble: (message: string) => void;
}

/** The server asks each watcher to come again after about this time, spread by half of it. */
const WATCH_SECONDS = 240;
const BACKOFF = { firstMs: 200, capMs: 5000 };

const listSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  items: z.array(z.unknown()),
});
const eventSchema = z.looseObject({ type: z.string(), object: z.unknown() });
const bookmarkSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
});
/** The server no longer has what happened since, or says anything else in place of an event. */
class StaleWatch extends Error {}

/**
 * Follows one object for ever: reads it, then watches it, and goes on from the last version seen when the
 * connection breaks, so that no watch shows anything older again. Returns when aborted.
 */
export async function followObject(options: FollowOptions, signal: AbortSignal): Promise<void> {
  let version: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      version ??= await read(options, signal);
      if (version !== undefined) {
        for await (const seen of watch(options, version, signal)) {
          version = seen;
          failures = 0;
        }
        continue;
      }
      options.onTrouble(`the API server does not serve ${options.own.collection} yet`);
    } catch (thrown) {
      if (signal.aborted) return;
      if (thrown instanceof StaleWatch) version = undefined;
      options.onTrouble(messageOf(thrown));
    }
    failures++;
    await pause(backoffMs(failures, { ...BACKOFF, random: options.random }), signal);
  }
}

/** @returns the version to watch from; undefined when the server does not know the kind */
async function read(options: FollowOptions, signal: AbortSignal): Promise<string | undefined> {
  const answer = await options.api.get(`${options.own.collection}?${selector(options)}`, signal);
  if (answer === undefined) return undefined;
  const { metadata, items } = listSchema.parse(answer);
  options.onObject(items.length === 0 ? undefined : seenObjectSchema.parse(items[0]), 'read');
  return metadata.resourceVersion;
}

async function* watch(
  options: FollowOptions,
  from: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const seconds = Math.round(WATCH_SECONDS * (0.75 + 0.5 * options.random()));
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${from}&timeoutSeconds=${seconds}`;
  const lines = options.api.watch(
    `${options.own.collection}?${selector(options)}&${query}`,
    signal,
  );
  for await (const line of lines) {
    const { type, object } = eventSchema.parse(line);
    if (type === 'ADDED' || type === 'MODIFIED') {
      const seen = seenObjectSchema.parse(object);
      options.onObject(seen, 'watched');
      yield seen.metadata.resourceVersion;
    } else if (type === 'DELETED') {
      options.onObject(undefined, 'watched');
      yield bookmarkSchema.parse(object).metadata.resourceVersion;
    } else if (type === 'BOOKMARK') {
      yield bookmarkSchema.parse(object).metadata.resourceVersion;
    } else {
      throw new StaleWatch(`the watch ended with ${type}: ${JSON.stringify(object).slice(0, 200)}`);
    }
  }
}

/** The Node authorizer lets a kubelet's credential see its own Node only, and only if it asks for that. */
function selector({ own }: FollowOptions): string {
  return `fieldSelector=${encodeURIComponent(`metadata.name=${own.name}`)}`;
}
