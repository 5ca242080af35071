import { randomBytes } from 'node:crypto';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { isNotFound } from './api-error.ts';
import { CONTENT_TYPE, type Kube } from './client.ts';
import { EventMemory, type EventText, keyOfEvent } from './event-aggregate.ts';
import { FIELD_MANAGER } from './patch-target.ts';

export interface RecorderOptions {
  readonly kube: Kube;
  readonly log: Log;
  /** This process, such as the holder identity of its Lease. */
  readonly instance: string;
  readonly nowMs?: () => number;
}

/**
 * Writes Events, one after the other, behind the back of whoever emits them. Fails open: an Event is told
 * to people only, so that one that cannot be written is logged and forgotten.
 */
export interface Recorder {
  emit(event: EventText): void;
  /** Resolves when what was emitted until now is written, or given up. Never rejects. */
  flush(): Promise<void>;
}

/** Beyond this many the cluster is in no state to take them; new ones are dropped, and that is logged. */
const QUEUE = 200;
/** As the API server limits it, in characters. */
const NOTE_LIMIT = 1_024;

export function createRecorder(options: RecorderOptions): Recorder {
  const { kube, log } = options;
  const nowMs = options.nowMs ?? Date.now;
  const memory = new EventMemory();
  /** What waits, each with how often it was emitted while it waited. */
  const waiting = new Map<string, { event: EventText; times: number }>();
  let writing: Promise<void> | undefined;

  async function write(key: string, event: EventText, times: number): Promise<void> {
    const atMs = nowMs();
    const known = memory.find(key, atMs);
    if (known) {
      const count = known.count + times;
      try {
        await kube.request('PATCH', `${eventsPath(known.namespace)}/${known.name}`, {
          query: { fieldManager: FIELD_MANAGER },
          contentType: CONTENT_TYPE.mergePatch,
          body: { count, lastTimestamp: timestamp(atMs) },
        });
        memory.remember(key, { ...known, count, lastAtMs: atMs });
        return;
      } catch (thrown) {
        if (!isNotFound(thrown)) throw thrown;
        // The API server has dropped it with age: told anew.
        memory.forget(key);
      }
    }
    // Events about what lives in no namespace go to `default`: validation wants it so.
    const namespace = event.regarding.namespace || 'default';
    const name = `${event.regarding.name.slice(0, 200)}.${randomBytes(8).toString('hex')}`;
    await kube.request('POST', eventsPath(namespace), {
      query: { fieldManager: FIELD_MANAGER },
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace },
        involvedObject: event.regarding,
        type: event.type,
        reason: event.reason,
        message: clip(event.message),
        source: { component: FIELD_MANAGER },
        reportingComponent: FIELD_MANAGER,
        reportingInstance: options.instance,
        firstTimestamp: timestamp(atMs),
        lastTimestamp: timestamp(atMs),
        count: times,
      },
    });
    memory.remember(key, { name, namespace, count: times, lastAtMs: atMs });
  }

  async function drainQueue(): Promise<void> {
    for (let entry = first(waiting); entry; entry = first(waiting)) {
      const [key, { event, times }] = entry;
      waiting.delete(key);
      try {
        await write(key, event, times);
      } catch (thrown) {
        const { reason, message } = event;
        log.warn({ reason, message, error: messageOf(thrown) }, 'Event not written');
      }
    }
    writing = undefined;
  }

  return {
    emit(event) {
      const key = keyOfEvent(event);
      const queued = waiting.get(key);
      if (queued) queued.times += 1;
      else if (waiting.size < QUEUE) waiting.set(key, { event, times: 1 });
      else
        log.warn({ reason: event.reason, message: event.message }, 'Event dropped, too many wait');
      writing ??= drainQueue();
    },
    flush: async () => {
      await writing;
    },
  };
}

function eventsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/events`;
}

/** Whole seconds, as the API keeps them. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function clip(message: string): string {
  return message.length > NOTE_LIMIT ? `${message.slice(0, NOTE_LIMIT - 1)}…` : message;
}

function first<K, V>(map: Map<K, V>): [K, V] | undefined {
  for (const entry of map) return entry;
  return undefined;
}
