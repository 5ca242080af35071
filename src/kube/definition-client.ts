import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { describeMissing } from '../plans/api-check.ts';
import { lostFields } from './api-check-client.ts';
import type { Kube } from './client.ts';

export interface DefinitionClient {
  /** Whether there is a run that needs our definition of Plans; while there is none, nothing is asked. */
  watch(isWanted: boolean): void;
  /** Something was answered that our definition would not explain: asks at once. */
  doubt(): void;
  /** What it lacks; none where it is ours, or cannot be read. Undefined: not known yet. */
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
    const before = lost;
    const turn = turns;
    let found: readonly string[];
    restMs = RETRY_MS;
    try {
      found = await lostFields(kube, signal);
      const isOurs = found.length === 0;
      if (isOurs && before?.length !== 0) await onOurs();
      if (!isOurs && !before?.length) log.error({}, describeMissing(found));
      if (isOurs && before?.length) log.info({}, 'the definition of Plans is ours again');
      if (isOurs) restMs = CALM_MS;
    } catch (thrown) {
      // Fails open where nothing was ever found: who may not read it may have it as it should be.
      found = before ?? [];
      if (!signal.aborted) {
        log.warn({ error: messageOf(thrown) }, 'the definition of Plans cannot be read');
      }
    }
    isAsking = false;
    askedAtMs = performance.now();
    if (signal.aborted || turn !== turns) return;
    lost = found;
    if (before?.join() !== found.join()) onChange();
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
