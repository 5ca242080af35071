import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { describeMissing } from '../plans/api-check.ts';
import { lostFields } from './api-check-client.ts';
import { isForbidden } from './api-error.ts';
import type { Kube } from './client.ts';

export interface DefinitionClient {
  /** Whether there is a run that needs our definition of Plans; while there is none, nothing is asked. */
  watch(isWanted: boolean): void;
  /** Something was answered that our definition would not explain: asks at once. */
  doubt(): void;
  /** What it lacks; none where it is ours, or may not be read. Undefined: not known yet. */
  readonly lost: readonly string[] | undefined;
}

export interface DefinitionOptions {
  readonly kube: Kube;
  readonly log: Log;
  readonly signal: AbortSignal;
  /**
   * What was read beneath another definition is read again; before this has ended, ours is not said to be there.
   * May reject: then it is asked again.
   */
  readonly onOurs: () => Promise<void>;
  /** Called when {@link DefinitionClient.lost} says something new. */
  readonly onChange: () => void;
}

/** While it is ours: whoever writes it over is found out by the next write of a status, at the latest by this. */
const CALM_MS = 30_000;
/** A person mends it, and wants to see it go on. */
const RETRY_MS = 2_000;

/** Whether the definition of Plans is ours still, while runs are under way. */
export function createDefinitionClient(options: DefinitionOptions): DefinitionClient {
  const { kube, log, signal, onOurs, onChange } = options;
  let isWanted = false;
  let lost: readonly string[] | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let restMs = 0;
  let isAsking = false;
  /** How often it ceased to be wanted: what was asked before is not answered after. */
  let turns = 0;

  async function ask(): Promise<void> {
    isAsking = true;
    restMs = RETRY_MS;
    const before = lost;
    const turn = turns;
    const found = await look(before);
    isAsking = false;
    askedAtMs = performance.now();
    if (found === undefined || signal.aborted || turn !== turns) return;
    if (found.length === 0) restMs = CALM_MS;
    lost = found;
    if (before?.join() !== found.join()) onChange();
  }

  /** @returns undefined where it, or what follows from it, could not be asked: then it is not known yet */
  async function look(
    before: readonly string[] | undefined,
  ): Promise<readonly string[] | undefined> {
    let found: readonly string[];
    try {
      found = await lostFields(kube, signal);
    } catch (thrown) {
      warn(thrown, 'the definition of Plans cannot be read');
      // Who may not read it may have it as it should be.
      return before ?? (isForbidden(thrown) ? [] : undefined);
    }
    if (found.length > 0) {
      if (!before?.length) log.error({}, describeMissing(found));
      return found;
    }
    if (before?.length === 0) return found;
    try {
      await onOurs();
    } catch (thrown) {
      warn(thrown, 'Plans could not be read again');
      return undefined;
    }
    if (before !== undefined) log.info({}, 'the definition of Plans is ours again');
    return found;
  }

  function warn(thrown: unknown, what: string): void {
    if (!signal.aborted) log.warn({ error: messageOf(thrown) }, what);
  }

  return {
    watch(wanted) {
      if (isWanted && !wanted) turns++;
      if (!wanted) lost = undefined;
      if (wanted && !isWanted) restMs = 0;
      isWanted = wanted;
      if (!wanted || isAsking || signal.aborted) return;
      if (performance.now() - askedAtMs >= restMs) void ask();
    },
    doubt() {
      if (!isWanted) return;
      restMs = Math.min(restMs, RETRY_MS);
      if (!isAsking && performance.now() - askedAtMs >= restMs) void ask();
    },
    get lost() {
      return lost;
    },
  };
}
