import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredPlanStatus } from '../../../src/api/plan.ts';
import { begin } from '../../../src/plans/begin.ts';
import {
  aControlNode,
  aNode,
  anUpdate,
  aSpec,
  START_MS,
  someFacts,
} from '../../support/builders.ts';

const spec = aSpec(anUpdate({ workers: '' }));
const BEFORE_MS = START_MS - 1_000;

interface Row {
  readonly sentence: string;
  readonly status?: StoredPlanStatus;
  readonly appliedAtMs?: number;
  readonly adopted?: number;
  readonly missingFields?: readonly string[];
  readonly generation?: number;
  readonly becomes: string;
}

const rows: readonly Row[] = [
  { sentence: 'applied after us', appliedAtMs: START_MS, becomes: 'run' },
  { sentence: 'applied before us', appliedAtMs: BEFORE_MS, becomes: 'NotAdopted' },
  {
    sentence: 'before us, with nothing but an empty state',
    status: { state: '', commands: null },
    appliedAtMs: BEFORE_MS,
    becomes: 'NotAdopted',
  },
  {
    sentence: 'before us, and left to the past',
    appliedAtMs: BEFORE_MS,
    adopted: 1,
    becomes: 'NotAdopted',
  },
  { sentence: 'before us, and adopted to run', appliedAtMs: BEFORE_MS, adopted: 0, becomes: 'run' },
  {
    sentence: 'before us, left to the past, and edited since',
    appliedAtMs: BEFORE_MS,
    adopted: 1,
    generation: 2,
    becomes: 'run',
  },
  { sentence: 'half-run by k0s', status: { state: 'SchedulableWait' }, becomes: 'LeftByK0s' },
  {
    sentence: 'half-run, and left to the past',
    status: { state: 'Schedulable' },
    adopted: 1,
    becomes: 'LeftByK0s',
  },
  {
    sentence: 'half-run, and adopted to run',
    status: { state: 'SchedulableWait' },
    adopted: 0,
    becomes: 'run',
  },
  {
    sentence: 'ended by k0s',
    status: { state: 'Completed' },
    appliedAtMs: BEFORE_MS,
    becomes: 'nothing',
  },
  {
    sentence: 'ended by an older k0s',
    status: { state: 'InconsistentTargets' },
    becomes: 'nothing',
  },
  {
    sentence: 'ended by one that missed a node',
    status: { state: 'MissingSignalNode' },
    becomes: 'nothing',
  },
  {
    sentence: 'ended, and edited while nobody had adopted it',
    status: { state: 'Completed' },
    generation: 2,
    becomes: 'nothing',
  },
  {
    sentence: 'ended, left to the past, and edited since',
    status: { state: 'ApplyFailed' },
    adopted: 1,
    generation: 2,
    becomes: 'run',
  },
  {
    sentence: 'new, while the definition of k0s is in force',
    missingFields: ['status.runID'],
    becomes: 'KindsOverwritten',
  },
  {
    sentence: 'that looks half-run, while the definition of k0s is in force',
    status: { state: 'SchedulableWait' },
    missingFields: ['status.runID'],
    becomes: 'KindsOverwritten',
  },
];

for (const row of rows) {
  test(`a Plan ${row.sentence}: ${row.becomes}`, () => {
    const { status, appliedAtMs, adopted, generation = 1, missingFields = [] } = row;
    const facts = someFacts(spec, {
      nodes: [aNode('w-1')],
      controlNodes: [aControlNode('cp-1')],
      apiCheck: { kind: 'known', inUse: [], missingFields, installedAtMs: START_MS },
      plan: { status, appliedAtMs, adopted, generation },
    });
    const found = begin(facts);
    assert.equal('reason' in found ? found.reason : found.kind, row.becomes);
  });
}
