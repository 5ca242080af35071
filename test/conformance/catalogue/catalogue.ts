import { airgapHybrid, airgapWorker } from './airgap.ts';
import { beyond } from './beyond.ts';
import { controllerWorker } from './controller-worker.ts';
import { applying, codec, prober, signal, versions } from './node-units.ts';
import { platformSelect } from './one-controller.ts';
import { handler, newPlan, schedulable, schedulableWait } from './plan-units.ts';
import { quorum, quorumSafety } from './quorum.ts';
import { type Chapter, type Proof, proofsOf, type Row } from './row.ts';
import { removedApis, single } from './single-node.ts';
import { ha3x3, heldUp, selector } from './three-and-three.ts';
import { channels, updater, updaterPeriodic } from './updater.ts';

interface Part {
  readonly title: string;
  readonly about: string;
  readonly chapters: readonly Chapter[];
}

/** All that is promised to somebody who comes from k0s, row by row. */
export const CATALOGUE: readonly Part[] = [
  {
    title: 'The suites of k0s',
    about:
      'Each `ap-*` suite of k0s, written afresh: the same topology and the same assertions, on Debian hosts.',
    chapters: [
      quorum,
      quorumSafety,
      ha3x3,
      selector,
      platformSelect,
      airgapWorker,
      airgapHybrid,
      controllerWorker,
      single,
      removedApis,
      updater,
      updaterPeriodic,
    ],
  },
  {
    title: 'The unit tests of k0s',
    about: 'What they assert of the behaviour, whatever the code is like.',
    chapters: [
      newPlan,
      schedulable,
      schedulableWait,
      handler,
      signal,
      codec,
      applying,
      prober,
      versions,
      channels,
    ],
  },
  {
    title: 'Where k0s asserts nothing',
    about: 'Rows of ours: on a real API server, or on real hosts.',
    chapters: [beyond, heldUp],
  },
];

export interface CataloguedRow {
  /** `ap-quorum/completes` */
  readonly id: string;
  readonly row: Row;
  readonly proofs: readonly Proof[];
}

/** In the order of the page. */
export function cataloguedRows(): readonly CataloguedRow[] {
  return CATALOGUE.flatMap(({ chapters }) => chapters).flatMap((of) =>
    Object.entries<Row>(of.rows).map(([key, row]) => ({
      id: `${of.name}/${key}`,
      row,
      proofs: proofsOf(of, row),
    })),
  );
}
