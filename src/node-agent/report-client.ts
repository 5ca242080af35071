import { ANNOTATION } from '../api/meta.ts';
import { AutopilotError, messageOf } from '../errors.ts';
import { formatReport, parseReport, type Report } from '../signals/report.ts';
import { ApiAnswerError, type ApiClient } from './api-client.ts';
import { backoffMs } from './backoff.ts';
import type { Sight } from './object-watch-client.ts';
import {
  annotationOf,
  type ControlNodeFacts,
  controlNodePatch,
  controlNodeStatusPatch,
  isOlder,
  newControlNode,
  type OwnObject,
  reportPatch,
  type SeenObject,
  seenObjectSchema,
} from './own-object.ts';
import { Bell } from './pause.ts';

/** The orchestrator reads from the time of this manager's writes how fresh a report is. */
const FIELD_MANAGER = 'fieldManager=autopilot-agent';
/** Progress alone is told no more often. */
const PROGRESS_EVERY_MS = 2000;
/** The host is looked at so often, for what changes without us. */
const LOOK_EVERY_MS = 15_000;
const BACKOFF = { firstMs: 250, capMs: 5000 };

export interface ReporterOptions {
  readonly api: ApiClient;
  readonly own: OwnObject;
  readonly heartbeatMs: number;
  readonly random: () => number;
  /** Milliseconds that only ever go up. */
  readonly monotonicMs: () => number;
  /** Everything to tell but the count of heartbeats. */
  readonly build: () => Promise<{ report: Report; controlNode: ControlNodeFacts | undefined }>;
  readonly onObject: (object: SeenObject | undefined) => void;
  readonly onTrouble: (message: string) => void;
}

/**
 * Keeps our report on our object true: written when it says something new and at each heartbeat, tried
 * again while it could not be written. It never holds up what it reports on.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #bell = new Bell();
  #object: SeenObject | undefined;
  #heard = false;
  #progressOnly = true;
  /** What was last written, without what always changes. */
  #told: string | undefined;
  #toldText: string | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #heartbeatAtMs = 0;
  #beat = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** There may be news. */
  notify(urgency: 'now' | 'soon'): void {
    if (urgency === 'now') this.#progressOnly = false;
    else if (this.#options.monotonicMs() < this.#toldAtMs + PROGRESS_EVERY_MS) return;
    this.#bell.ring();
  }

  /** A sight of our object; undefined when there is none. */
  see(object: SeenObject | undefined, how: Sight = 'watched'): void {
    const isLate = how === 'watched' && object && this.#object && isOlder(object, this.#object);
    if (isLate) return;
    this.#object = object;
    this.#heard = true;
    this.#options.onObject(object);
    // not ours: none yet, written over by somebody else, or another object of the same name
    const stored = annotationOf(object, ANNOTATION.report);
    if (stored === undefined || stored !== this.#toldText) this.notify('now');
  }

  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let waitMs: number;
      try {
        waitMs = await this.#pass(signal);
        failures = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        failures++;
        this.#options.onTrouble(messageOf(thrown));
        if (isConflict(thrown)) await this.#reread(signal).catch(() => undefined);
        waitMs = backoffMs(failures, { ...BACKOFF, random: this.#options.random });
        if (isConflict(thrown) && failures === 1) waitMs = 0;
      }
      if (waitMs > 0) await this.#bell.wait(waitMs, signal);
    }
  }

  /** @returns how long there is nothing to do, unless news comes */
  async #pass(signal: AbortSignal): Promise<number> {
    if (!this.#heard) return LOOK_EVERY_MS;
    const nowMs = this.#options.monotonicMs();
    const restMs = this.#toldAtMs + PROGRESS_EVERY_MS - nowMs;
    const heartbeat = nowMs >= this.#heartbeatAtMs;
    if (this.#progressOnly && !heartbeat && restMs > 0) return restMs;
    this.#progressOnly = true;
    const { report, controlNode } = await this.#options.build();
    if (controlNode) await this.#keepControlNode(controlNode, signal);
    if (this.#object === undefined) return LOOK_EVERY_MS;
    const content = contentOf(report);
    const stored = annotationOf(this.#object, ANNOTATION.report);
    if (heartbeat || content !== this.#told || stored !== this.#toldText) {
      await this.#write(this.#object, report, content, signal);
    }
    const heartbeatInMs = this.#heartbeatAtMs - this.#options.monotonicMs();
    return Math.max(1, Math.min(LOOK_EVERY_MS, heartbeatInMs));
  }

  async #write(object: SeenObject, report: Report, content: string, signal: AbortSignal) {
    const stored = parseReport(annotationOf(object, ANNOTATION.report));
    const storedBeat = stored.kind === 'valid' ? stored.value.agent.beat : 0;
    const beat = Math.max(this.#beat, storedBeat) + 1;
    const text = formatReport({ ...report, agent: { ...report.agent, beat } });
    try {
      const { api, own } = this.#options;
      const path = `${own.path}?${FIELD_MANAGER}`;
      const written = seenObjectSchema.parse(
        await api.patch(path, reportPatch(object, text), signal),
      );
      this.#beat = beat;
      this.#told = content;
      this.#toldText = text;
      const { heartbeatMs, monotonicMs, random } = this.#options;
      this.#toldAtMs = monotonicMs();
      // never later than promised
      this.#heartbeatAtMs = this.#toldAtMs + heartbeatMs * (0.75 + 0.2 * random());
      this.see(written);
    } catch (thrown) {
      this.#progressOnly = false;
      throw thrown;
    }
  }

  /** A conflict is an answer: the object is not what we believed. */
  async #reread(signal: AbortSignal): Promise<void> {
    const answer = await this.#options.api.get(this.#options.own.path, signal);
    this.#object = undefined;
    this.see(answer && seenObjectSchema.parse(answer));
  }

  async #keepControlNode(facts: ControlNodeFacts, signal: AbortSignal): Promise<void> {
    const { api, own } = this.#options;
    if (this.#object === undefined) {
      const body = newControlNode(facts);
      const created = await api.create(`${own.collection}?${FIELD_MANAGER}`, body, signal);
      this.see(seenObjectSchema.parse(created));
    }
    if (this.#object === undefined) return;
    const changes = controlNodePatch(this.#object, facts);
    if (changes.length > 0) {
      const path = `${own.path}?${FIELD_MANAGER}-status`;
      this.see(seenObjectSchema.parse(await api.patch(path, changes, signal)));
    }
    const operations = controlNodeStatusPatch(this.#object, facts);
    if (operations.length === 0) return;
    const path = `${own.path}/status?${FIELD_MANAGER}-status`;
    this.see(seenObjectSchema.parse(await api.patch(path, operations, signal)));
  }
}

function isConflict(thrown: unknown): boolean {
  // 422 is a failed `test` of a JSON Patch; 409 a version that is no more, or an object that is there
  return (
    thrown instanceof AutopilotError &&
    thrown instanceof ApiAnswerError &&
    [404, 409, 422].includes(thrown.status)
  );
}

function contentOf(report: Report): string {
  return JSON.stringify({
    ...report,
    agent: { ...report.agent, beat: 0 },
    host: { ...report.host, freeBytes: 0 },
  });
}
