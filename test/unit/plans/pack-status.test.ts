import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type PlanStatus, TARGET_PHASES, type TargetStatus } from '../../../src/api/plan.ts';
import { planTargetsSpecSchema } from '../../../src/api/plan-targets.ts';
import { lastingOfTarget } from '../../../src/plans/lasting-target.ts';
import { type Packed, packStatus, STATUS_LIMIT } from '../../../src/plans/pack-status.ts';
import { progressOf } from '../../../src/plans/progress.ts';
import { trimPlan } from '../../../src/plans/trim-plan.ts';
import { type TrimmedPlanTargets, trimPlanTargets } from '../../../src/plans/trim-plan-targets.ts';
import { unpackStatus } from '../../../src/plans/unpack-status.ts';
import { anUpdate } from '../../support/builders.ts';
import { aLargeRun, RUN, RUN_STARTED_AT, workerIn } from '../../support/large-run.ts';

const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 0x7fffffff));
const numRuns = Number(process.env.TEST_RUNS ?? 40);
const PLAN = { name: 'spring', uid: 'u' };
const AS_IT_COMES = { limit: STATUS_LIMIT, inChunks: false };

/** What etcd holds of one Plan: its status, and the chunks beside it. */
class Disk {
  status: PlanStatus | undefined;
  readonly chunks = new Map<string, TrimmedPlanTargets>();
  readonly #texts = new Map<string, string>();
  #revision = 0;

  /** The writes that store it, one by one: those of chunks, and that of the status last. */
  writes(packed: Packed, which: 'all' | 'new'): (() => void)[] {
    const due = packed.chunks.filter(({ name, text }) =>
      which === 'all' ? this.#texts.get(name) !== text : !this.#texts.has(name),
    );
    return [
      ...due.map(({ name, text, content }) => () => {
        const spec = {
          ...{ plan: PLAN.name, planUID: PLAN.uid, runID: RUN, revision: ++this.#revision },
          ...content,
        };
        // What does not fit the kind would be refused.
        planTargetsSpecSchema.parse(spec);
        const raw = { metadata: { name, resourceVersion: '1' }, spec };
        this.chunks.set(name, trimPlanTargets(JSON.parse(JSON.stringify(raw))));
        this.#texts.set(name, text);
      }),
      () => {
        this.status = packed.stored((name) => this.chunks.get(name)?.revision ?? 0);
      },
    ];
  }

  /** As the next leader reads it. */
  read() {
    const raw = { metadata: { name: 'spring' }, spec: {}, status: this.status };
    const { status } = trimPlan(JSON.parse(JSON.stringify(raw)));
    return unpackStatus(PLAN, status, (name) => this.chunks.get(name));
  }
}

function stored(status: PlanStatus, options = AS_IT_COMES): Disk {
  const disk = new Disk();
  for (const write of disk.writes(packStatus('spring', status, options), 'all')) write();
  return disk;
}

function whole(disk: Disk): PlanStatus {
  const read = disk.read();
  assert.equal(read.kind, 'whole', JSON.stringify(read).slice(0, 300));
  return (read as { status: PlanStatus }).status;
}

const workersOf = (status: PlanStatus | undefined) =>
  status?.commands?.[0]?.k0supdate?.workers ?? [];
const lasting = (target: TargetStatus) => JSON.stringify(lastingOfTarget(target, RUN_STARTED_AT));
const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

const aWorker = (at: number) =>
  fc
    .record({
      phase: fc.constantFrom(...TARGET_PHASES),
      minutes: fc.nat(600),
      attempts: fc.integer({ min: 1, max: 3 }),
      cordoned: fc.boolean(),
      batch: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    })
    .map(({ phase, minutes, attempts, cordoned, batch }) => ({
      ...workerIn(at, phase, minutes),
      attempts,
      ...(cordoned ? { cordoned } : {}),
      ...(batch === undefined ? {} : { batch }),
    }));
const aRun = fc
  .integer({ min: 0, max: 1_500 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => aWorker(at))))
  .map((workers) => aLargeRun(workers));

describe('the status of a large run', () => {
  test(`is whole again, of any run (seed ${seed})`, () => {
    fc.assert(
      fc.property(aRun, (status) => {
        const disk = stored(status);
        const read = whole(disk);
        assert.ok(sizeOf(disk.status) <= 100_000, `${sizeOf(disk.status)} bytes`);
        assert.deepEqual(workersOf(read).map(lasting), workersOf(status).map(lasting));
        assert.deepEqual({ ...read, commands: [] }, { ...status, commands: [] });
        assert.deepEqual(progressOf(read.commands!), progressOf(status.commands!));
      }),
      { seed, numRuns },
    );
  });

  test('is stored as it is while it is short', () => {
    const status = aLargeRun(Array.from({ length: 200 }, (_, at) => workerIn(at, 'Committed')));
    const disk = stored(status);
    assert.deepEqual(disk.status, status);
    assert.equal(disk.chunks.size, 0);
  });

  test('is no longer at 10,000 nodes than at 1,000, and each of its parts is below 200 kB', () => {
    for (const count of [1_000, 10_000, 30_000]) {
      const workers = Array.from({ length: count }, (_, at) =>
        workerIn(at, at < count / 2 ? 'Committed' : at < count / 2 + 500 ? 'OnTrial' : 'Pending'),
      );
      const disk = stored(aLargeRun(workers));
      assert.ok(sizeOf(disk.status) <= 100_000, `${count}: ${sizeOf(disk.status)} bytes`);
      for (const chunk of disk.chunks.values()) {
        assert.ok(sizeOf(chunk) < 200_000, `${chunk.name}: ${sizeOf(chunk)} bytes`);
      }
      assert.equal(disk.chunks.size, Math.ceil(count / 400));
    }
  });

  test('shows those in trouble, and of those on their way the oldest, with how many stand where', () => {
    const workers = [
      ...Array.from({ length: 3_000 }, (_, at) => workerIn(at, 'Committed')),
      ...Array.from({ length: 1_000 }, (_, at) => workerIn(3_000 + at, 'Applying', 60 - (at % 60))),
      workerIn(4_000, 'Failed'),
      ...Array.from({ length: 2_000 }, (_, at) => workerIn(4_001 + at, 'Pending')),
    ];
    const disk = stored(aLargeRun(workers));
    const shown = workersOf(disk.status);
    assert.ok(shown.some(({ name }) => name === 'w-04000'));
    assert.deepEqual(new Set(shown.map(({ phase }) => phase)), new Set(['Applying', 'Failed']));
    const oldest = workers
      .filter(({ phase }) => phase === 'Applying')
      .toSorted((a, b) => (a.lastUpdatedTimestamp < b.lastUpdatedTimestamp ? -1 : 1))[0]!;
    assert.ok(shown.includes(oldest));
    assert.deepEqual(disk.status?.membership?.lists[0]?.phases, {
      ...{ Committed: 3_000, Applying: 1_000, Failed: 1, Pending: 2_000 },
    });
    assert.equal(disk.status?.membership?.lists[0]?.total, 6_001);
  });

  test('holds a spec that names 10,000 nodes, and what a rollback has left, in pieces', () => {
    const workers = Array.from({ length: 10_000 }, (_, at) => workerIn(at, 'Committed'));
    const names = workers.map(({ name }) => name);
    const left = names.map((name) => ({
      name,
      reason: 'PreviousMissing',
      message: 'none is kept',
    }));
    const status: PlanStatus = {
      ...aLargeRun(workers),
      frozenSpec: { id: 'spring', timestamp: 'now', commands: [anUpdate({ workers: names })] },
      rollback: { at: RUN_STARTED_AT, nodes: names, left },
    };
    const disk = stored(status);
    assert.ok(sizeOf(disk.status) <= 100_000, `${sizeOf(disk.status)} bytes`);
    const read = whole(disk);
    assert.deepEqual(read.frozenSpec, status.frozenSpec);
    assert.deepEqual(read.rollback, status.rollback);
  });

  test('is shorter where the API server takes less', () => {
    const workers = Array.from({ length: 300 }, (_, at) => workerIn(at, 'OnTrial'));
    const disk = stored(aLargeRun(workers), { limit: 5_000, inChunks: false });
    assert.ok(sizeOf(disk.status) <= 5_500, `${sizeOf(disk.status)} bytes`);
    assert.deepEqual(workersOf(whole(disk)).map(lasting), workers.map(lasting));
  });

  test('keeps the names of objects within their length', () => {
    const status = aLargeRun(Array.from({ length: 1_001 }, (_, at) => workerIn(at, 'Pending')));
    const { chunks } = packStatus('p'.repeat(253), status, AS_IT_COMES);
    for (const { name } of chunks) assert.ok(name.length <= 253, name);
    assert.equal(new Set(chunks.map(({ name }) => name)).size, chunks.length);
  });

  test('is not read while a part of it is missing, of another run, or older than it', () => {
    const workers = Array.from({ length: 1_001 }, (_, at) => workerIn(at, 'Pending'));
    const disk = stored(aLargeRun(workers));
    const [name, chunk] = [...disk.chunks][1]!;
    const missing = { kind: 'missing', names: [name] };
    disk.chunks.delete(name);
    assert.deepEqual(disk.read(), missing);
    disk.chunks.set(name, { ...chunk, runID: '01234567-2' });
    assert.deepEqual(disk.read(), missing);
    disk.chunks.set(name, { ...chunk, planUID: 'of a Plan before it' });
    assert.deepEqual(disk.read(), missing);
    disk.chunks.set(name, { ...chunk, revision: chunk.revision - 1 });
    assert.deepEqual(disk.read(), missing);
    disk.chunks.set(name, chunk);
    assert.equal(disk.read().kind, 'whole');
  });
});

/** A run that goes on: at each step some of a few workers move, which are spread over all chunks. */
const aCourse = fc.record({
  count: fc.integer({ min: 1_001, max: 1_400 }),
  steps: fc.array(
    fc.record({
      moves: fc.array(fc.tuple(fc.nat(9), fc.constantFrom(...TARGET_PHASES), fc.nat(3)), {
        maxLength: 30,
      }),
      isWhole: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  diesAfter: fc.nat(40),
});

describe('a leader that dies between any two writes', () => {
  test(`leaves each target as it was once, and never from before the last write that held it (seed ${seed})`, () => {
    fc.assert(
      fc.property(aCourse, ({ count, steps, diesAfter }) => {
        const disk = new Disk();
        let workers = Array.from({ length: count }, (_, at) => workerIn(at, 'Pending'));
        /** Of each worker what was true of it at each step. */
        const truths = workers.map((one) => [lasting(one)]);
        /** The last step that a chunk holds of each, and of those that the status tells, that one. */
        const inChunk = workers.map(() => 0);
        let told = new Map<number, number>();
        const indexOf = new Map(workers.map(({ name }, at) => [name, at]));
        let left = diesAfter;
        const course: typeof steps = [{ moves: [], isWhole: true }, ...steps];
        for (const [step, { moves, isWhole }] of course.entries()) {
          for (const [which, phase, attempts] of moves) {
            const at = which * 100;
            workers = workers.with(at, { ...workerIn(at, phase, 7), attempts: 1 + attempts });
          }
          for (const [at, one] of workers.entries()) truths[at]![step] = lasting(one);
          const options = { ...AS_IT_COMES, inChunks: true };
          const packed = packStatus('spring', aLargeRun(workers), options);
          for (const write of disk.writes(packed, isWhole ? 'all' : 'new')) {
            if (left-- <= 0) break;
            const before = new Map(disk.chunks);
            write();
            const held = [...disk.chunks].filter(([name, chunk]) => before.get(name) !== chunk);
            for (const [, { targets }] of held) {
              for (const { name } of targets) inChunk[indexOf.get(name)!] = step;
            }
            if (held.length > 0) continue;
            told = new Map(workersOf(disk.status).map(({ name }) => [indexOf.get(name)!, step]));
          }
          if (left < 0) break;
        }
        // Died before the status named anything: no run has begun.
        if (disk.status === undefined) return;
        for (const [at, one] of workersOf(whole(disk)).entries()) {
          assert.ok(
            truths[at]!.slice(Math.max(inChunk[at]!, told.get(at) ?? 0)).includes(lasting(one)),
            `${one.name} is ${lasting(one)}`,
          );
        }
      }),
      { seed, numRuns },
    );
  });
});
