import type { CommandStatus, PlanStatus, StoredPlanStatus, TargetStatus } from '../api/plan.ts';
import { type LastingTarget, REST_IN_CHUNK, TARGETS_IN_CHUNK } from '../api/plan-targets.ts';
import { lastingOfTarget } from './lasting-target.ts';
import { isTaken } from './target.ts';

/** A status that is longer is told in part, its lists of workers in chunks. Characters of JSON. */
export const STATUS_LIMIT = 80_000;
/** Of the room for single workers so much is for those in trouble, that all that are on their way are not hidden. */
const TROUBLE_SHARE = 0.6;
const LONGEST_NAME = 253;
/** For what tells the chunks of a run from each other. */
const LONGEST_ENDING = 12;

/** One object that is stored beside a status. */
export interface Chunk {
  readonly name: string;
  readonly content: { readonly targets: readonly LastingTarget[] } | { readonly rest: string };
  /** Two of the same text hold the same. */
  readonly text: string;
}

/** A status as it is stored. */
export interface Packed {
  /** Empty: the status stands for itself. All of them are stored before it. */
  readonly chunks: readonly Chunk[];
  /** @param revisionOf what each chunk was last written with, by its name */
  stored(revisionOf: (name: string) => number): PlanStatus;
}

export interface PackOptions {
  /** Characters of JSON. */
  readonly limit: number;
  /** A run that has chunks keeps them. */
  readonly inChunks: boolean;
}

/**
 * Makes of a status what can be stored: as it is, as long as it is short; else the whole lists of workers, and
 * what else is long, in chunks, and in the status only what a person wants to see.
 * @param plan its name
 */
export function packStatus(plan: string, status: PlanStatus, options: PackOptions): Packed {
  const { membership: _, ...whole } = status;
  const lists = listsOf(status);
  const { runID, startedAt } = status;
  if (runID === undefined || startedAt === undefined) return inPart(whole, lists, options.limit);
  const workers = lists.reduce((total, { targets }) => total + targets.length, 0);
  // Even of the shortest names so many are too long, and to write them all to find that out costs more.
  const mayBeShort = !options.inChunks && workers <= 1_000;
  if (mayBeShort && JSON.stringify(whole).length <= options.limit) return asItIs(whole);

  const chunks: Chunk[] = [];
  const names = lists.map(({ command, targets }) =>
    slices(targets, TARGETS_IN_CHUNK).map((part, at) => {
      const name = chunkName(plan, runID, command, at);
      chunks.push(chunkOf(name, part, startedAt));
      return name;
    }),
  );
  const bare = withLists(whole, () => []);
  const isLong = JSON.stringify(bare).length > options.limit / 2;
  const rest = isLong ? restOf(bare) : undefined;
  const restNames = slices(rest ?? '', REST_IN_CHUNK).map((piece, at) => {
    const name = restName(plan, runID, at);
    chunks.push({ name, content: { rest: piece }, text: piece });
    return name;
  });
  const shown = rest === undefined ? whole : withoutRest(whole);
  return {
    chunks,
    stored(revisionOf) {
      const membership = {
        lists: lists.map(({ command, targets }, at) => ({
          command,
          total: targets.length,
          phases: phasesOf(targets),
          revisions: names[at]!.map(revisionOf),
        })),
        ...(rest === undefined ? {} : { rest: restNames.map(revisionOf) }),
      };
      const base = { ...withLists(shown, () => []), membership };
      const room = options.limit - JSON.stringify(base).length;
      const told = toldWorkers(lists, room);
      return {
        ...withLists(shown, (targets) => targets.filter((one) => told.has(one))),
        membership,
      };
    },
  };
}

/** Of a run that was refused nothing will follow: who has no room in its status is not needed in a chunk either. */
function inPart(status: PlanStatus, lists: readonly List[], limit: number): Packed {
  if (JSON.stringify(status).length <= limit) return asItIs(status);
  const bare = withLists(status, () => []);
  const told = toldWorkers(lists, limit - JSON.stringify(bare).length);
  return asItIs(withLists(status, (targets) => targets.filter((one) => told.has(one))));
}

function asItIs(status: PlanStatus): Packed {
  return { chunks: [], stored: () => status };
}

export function chunkName(plan: string, runID: string, command: number, part: number): string {
  return `${stemOf(plan, runID)}-${command}-${part}`;
}

export function restName(plan: string, runID: string, part: number): string {
  return `${stemOf(plan, runID)}-rest-${part}`;
}

/** Of a Plan whose name is too long the end is left out: the run's own name tells it from others. */
function stemOf(plan: string, runID: string): string {
  const room = LONGEST_NAME - LONGEST_ENDING - runID.length - 1;
  return `${plan.slice(0, room).replace(/[-.]+$/, '')}-${runID}`;
}

interface List {
  readonly command: number;
  readonly targets: readonly TargetStatus[];
}

/** Of each command the one list that can be long. */
function listsOf({ commands }: StoredPlanStatus): List[] {
  return (commands ?? []).map(({ id, k0supdate, airgapupdate }) => ({
    command: id,
    targets: k0supdate?.workers ?? airgapupdate?.workers ?? [],
  }));
}

/** The same status with other lists of workers. */
export function withLists<T extends StoredPlanStatus>(
  status: T,
  listOf: (workers: readonly TargetStatus[], command: CommandStatus) => readonly TargetStatus[],
): T {
  const commands = status.commands?.map((command) => {
    const { k0supdate, airgapupdate } = command;
    const before = k0supdate?.workers ?? airgapupdate?.workers;
    if (before === undefined) return command;
    const workers = [...listOf(before, command)];
    return k0supdate?.workers === undefined
      ? { ...command, airgapupdate: { ...airgapupdate, workers } }
      : { ...command, k0supdate: { ...k0supdate, workers } };
  });
  return { ...status, ...(commands === undefined ? {} : { commands }) };
}

/** What else may be as long as the lists: names in the spec, and what a rollback has left. */
export interface Rest {
  readonly frozenSpec?: PlanStatus['frozenSpec'];
  readonly rollback?: PlanStatus['rollback'];
}

function restOf({ frozenSpec, rollback }: PlanStatus): string {
  return JSON.stringify({ frozenSpec, rollback } satisfies Rest);
}

function withoutRest(status: PlanStatus): PlanStatus {
  const { frozenSpec, rollback } = status;
  return {
    ...status,
    ...(frozenSpec === undefined ? {} : { frozenSpec: { ...frozenSpec, commands: [] } }),
    ...(rollback === undefined
      ? {}
      : {
          rollback: { at: rollback.at, ...(rollback.by === undefined ? {} : { by: rollback.by }) },
        }),
  };
}

function phasesOf(targets: readonly TargetStatus[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { phase = 'Pending' } of targets) counts[phase] = (counts[phase] ?? 0) + 1;
  return counts;
}

/** Those in trouble, those on their way, those that wait for something of their own; the oldest of each first. */
function toldWorkers(lists: readonly List[], room: number): ReadonlySet<TargetStatus> {
  const ranked: TargetStatus[][] = [[], [], []];
  for (const { targets } of lists) {
    for (const target of targets) ranked[rankOf(target)]?.push(target);
  }
  const told = new Set<TargetStatus>();
  let left = room;
  const take = (targets: readonly TargetStatus[], most: number) => {
    let share = Math.min(most, left);
    for (const target of targets) {
      const length = textOf(target).length + 1;
      if (length > share) return;
      share -= length;
      left -= length;
      told.add(target);
    }
  };
  const byAge = (targets: readonly TargetStatus[]) =>
    targets.toSorted((a, b) => (a.lastUpdatedTimestamp < b.lastUpdatedTimestamp ? -1 : 1));
  const [trouble, onTheirWay, waiting] = ranked.map(byAge);
  take(trouble!, room * TROUBLE_SHARE);
  take(onTheirWay!, left);
  take(waiting!, left);
  take(
    trouble!.filter((one) => !told.has(one)),
    left,
  );
  return told;
}

/** @returns undefined for what a person does not look for one by one */
function rankOf({ phase = 'Pending', reason }: TargetStatus): number {
  if (phase === 'Failed' || phase === 'Undone' || phase === 'Held' || phase === 'Undoing') return 0;
  if (phase === 'Downloading' || phase === 'Staged' || isTaken(phase)) return 1;
  return phase === 'Pending' && reason !== undefined ? 2 : 3;
}

/** By the target: of thousands few change between two writes. */
const texts = new WeakMap<TargetStatus, string>();

function textOf(target: TargetStatus): string {
  let text = texts.get(target);
  if (text === undefined) {
    text = JSON.stringify(target);
    texts.set(target, text);
  }
  return text;
}

const lastingTexts = new WeakMap<TargetStatus, { readonly since: string; readonly text: string }>();

function lastingText(target: TargetStatus, since: string): string {
  const known = lastingTexts.get(target);
  if (known?.since === since) return known.text;
  const text = JSON.stringify(lastingOfTarget(target, since));
  lastingTexts.set(target, { since, text });
  return text;
}

/** Made only when it is asked for: most of the time only few of many chunks are. */
function chunkOf(name: string, targets: readonly TargetStatus[], since: string): Chunk {
  let text: string | undefined;
  return {
    name,
    get text() {
      text ??= targets.map((target) => lastingText(target, since)).join('\n');
      return text;
    },
    get content() {
      return { targets: targets.map((target) => lastingOfTarget(target, since)) };
    },
  };
}

function slices<T extends readonly unknown[] | string>(all: T, size: number): T[] {
  const parts: T[] = [];
  for (let at = 0; at < all.length; at += size) parts.push(all.slice(at, at + size) as T);
  return parts;
}
