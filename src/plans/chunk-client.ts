import type { StoredPlanStatus } from '../api/plan.ts';
import { eachAtOnce } from '../each-at-once.ts';
import type { Kube } from '../kube/client.ts';
import { isNewer } from '../kube/informer.ts';
import {
  deletePlanTargets,
  revisionOfPlanTargets,
  writePlanTargets,
} from '../kube/plan-targets-writer.ts';
import { lastingOfTarget, targetOfLasting } from './lasting-target.ts';
import type { Chunk } from './pack-status.ts';
import type { TrimmedPlan } from './trim-plan.ts';
import type { TrimmedPlanTargets } from './trim-plan-targets.ts';

const AT_ONCE = 4;
const TRIES = 5;

/** PlanTargets as the watch knows them. */
export interface ChunkSight {
  get(name: string): TrimmedPlanTargets | undefined;
  values(): Iterable<TrimmedPlanTargets>;
}

/** The run that chunks are of. */
export interface RunOfChunks {
  readonly plan: Pick<TrimmedPlan, 'name' | 'uid'>;
  readonly runID: string;
  readonly startedAt: string;
}

interface Written {
  readonly text: string;
  readonly revision: number;
  readonly resourceVersion: string;
  /** The watch has shown it: if it does not any more, somebody has deleted it. */
  readonly isSeen: boolean;
}

/** Writes the chunks of one Plan, and knows what of them is stored. */
export class ChunkClient {
  readonly #kube: Kube;
  readonly #sight: ChunkSight;
  readonly #written = new Map<string, Written>();
  #revision = 0;

  constructor(kube: Kube, sight: ChunkSight, stored: StoredPlanStatus | undefined) {
    this.#kube = kube;
    this.#sight = sight;
    const { lists = [], rest = [] } = stored?.membership ?? {};
    this.#revision = Math.max(0, ...rest, ...lists.flatMap(({ revisions }) => revisions));
  }

  /** What a chunk was last written with. */
  revisionOf(name: string): number {
    return this.#written.get(name)?.revision ?? 0;
  }

  /**
   * Writes those that are not stored as they are now.
   * @param which `new`: only those of which nothing is stored, so that a status may name them
   * @throws where one of them cannot be written
   */
  async write(
    chunks: readonly Chunk[],
    run: RunOfChunks,
    which: 'all' | 'new',
    signal: AbortSignal,
  ): Promise<void> {
    const due = chunks.filter((chunk) => {
      const known = this.#look(chunk.name, run);
      return known === undefined || (which === 'all' && known.text !== chunk.text);
    });
    await eachAtOnce(due, AT_ONCE, (chunk) => this.#store(chunk, run, signal));
  }

  /** Deletes what the stored status of that Plan does not name: an earlier run's, or of a run that has none. */
  async dropOthers(uid: string, named: readonly Chunk[], signal: AbortSignal): Promise<void> {
    const names = new Set(named.map(({ name }) => name));
    for (const name of this.#written.keys()) if (!names.has(name)) this.#written.delete(name);
    const others = [...this.#sight.values()].filter(
      ({ name, planUID }) => planUID === uid && !names.has(name),
    );
    for (const { name } of others) await deletePlanTargets(this.#kube, name, signal);
  }

  /** What is stored of it; undefined: nothing, or nothing of this run. */
  #look(name: string, { plan, runID, startedAt }: RunOfChunks): Written | undefined {
    const known = this.#written.get(name);
    const seen = this.#sight.get(name);
    if (known !== undefined && seen === undefined) {
      if (known.isSeen) this.#written.delete(name);
      return known.isSeen ? undefined : known;
    }
    if (seen === undefined) return undefined;
    const isOwn = known !== undefined && !isNewer(seen.resourceVersion, known.resourceVersion);
    if (isOwn) {
      if (!known.isSeen) this.#written.set(name, { ...known, isSeen: true });
      return known;
    }
    // Of a leader before us, or of one that did not know yet that it was deposed.
    if (seen.planUID !== plan.uid || seen.runID !== runID) return undefined;
    const { revision, resourceVersion } = seen;
    const found = { text: textOf(seen, startedAt), revision, resourceVersion, isSeen: true };
    this.#written.set(name, found);
    this.#revision = Math.max(this.#revision, revision);
    return found;
  }

  async #store(chunk: Chunk, run: RunOfChunks, signal: AbortSignal): Promise<void> {
    const { name, text } = chunk;
    const { plan, runID } = run;
    let before = this.#written.get(name)?.resourceVersion ?? this.#sight.get(name)?.resourceVersion;
    let why = '';
    for (let attempt = 0; attempt < TRIES; attempt++) {
      signal.throwIfAborted();
      const revision = ++this.#revision;
      const { content } = chunk;
      const spec = {
        ...{ plan: plan.name, planUID: plan.uid, runID, revision },
        ...('rest' in content ? content : { targets: [...content.targets] }),
      };
      const outcome = await writePlanTargets(this.#kube, name, spec, before, signal);
      if (outcome.done) {
        const { resourceVersion } = outcome;
        this.#written.set(name, { text, revision, resourceVersion, isSeen: false });
        return;
      }
      why = outcome.why;
      before = await revisionOfPlanTargets(this.#kube, name, signal);
    }
    throw new Error(`PlanTargets ${name} changed under our hands: ${why}`);
  }
}

/** As {@link Chunk.text} is made. */
function textOf({ rest, targets }: TrimmedPlanTargets, since: string): string {
  if (rest !== undefined) return rest;
  return targets
    .map((one) => JSON.stringify(lastingOfTarget(targetOfLasting(one, since), since)))
    .join('\n');
}
