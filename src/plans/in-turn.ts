import { byZone, inOrder, spreadByZone } from '../targets/order.ts';
import { isAvailable } from './availability.ts';
import { zoneOf } from './batches.ts';
import type { UpdateCourse } from './course.ts';
import type { Standing } from './target.ts';

/**
 * In the order in which they will be touched.
 * @param all targets of the command
 */
export function inTurn(
  standings: readonly Standing[],
  all: readonly Standing[],
  course: UpdateCourse,
  bearer: string | undefined,
): readonly Standing[] {
  const { controller = [], worker = [] } = Object.groupBy(standings, ({ target }) => target.role);
  const workers = all.filter(({ target }) => target.role === 'worker');
  return [
    ...controllersInTurn(controller, course, bearer),
    ...workersInTurn(worker, workers, course),
  ];
}

/** What is down is repaired first; of the healthy ones, nobody is touched before the backup was made. */
export function controllersInTurn(
  controllers: readonly Standing[],
  course: UpdateCourse,
  bearer: string | undefined,
): Standing[] {
  const before = ({ name, ready }: { readonly name: string; readonly ready: boolean }) =>
    ready ? (name === bearer ? 1 : 2) : 0;
  return inLineOf(
    course,
    controllers.map((standing) => ({
      standing,
      name: standing.target.name,
      ready: standing.target.controlNode?.apiServer.ready === 'True',
    })),
  )
    .toSorted((a, b) => before(a) - before(b))
    .map(({ standing }) => standing);
}

/** What is down, and then by name; what is put back, as the rollback has listed it. */
function inLineOf<T extends { readonly name: string; readonly ready: boolean }>(
  { rollback }: Pick<UpdateCourse, 'rollback'>,
  targets: readonly T[],
): T[] {
  if (!rollback) return inOrder(targets);
  return targets.toSorted((a, b) => Number(a.ready) - Number(b.ready));
}

/**
 * Canaries, zone by zone where zones go one by one, and of the rest what is down first.
 * @param all workers of the command: what is spread over zones keeps its place, whoever is done already
 */
export function workersInTurn<T extends Standing>(
  workers: readonly T[],
  all: readonly Standing[],
  course: UpdateCourse,
): T[] {
  const { policy } = course;
  const inLine = inLineOf(
    course,
    workers.map((standing) => ({
      standing,
      name: standing.target.name,
      ready: isAvailable(standing.target.node, standing.target.marked),
    })),
  );
  if (policy.zones === 'Ignore' && policy.canaries.length === 0) {
    return inLine.map(({ standing }) => standing);
  }
  const isCanary = (name: string) => Number(policy.canaries.includes(name));
  const zones = new Map(all.map(({ target }) => [target.name, zoneOf(target, policy)]));
  const place =
    policy.zones === 'Spread'
      ? spreadByZone([...zones.keys()], (name) => zones.get(name)!)
      : new Map<string, number>();
  const byZones = (a: string, b: string) =>
    policy.zones === 'OneByOne' ? byZone(zones.get(a) ?? '', zones.get(b) ?? '') : 0;
  return inLine
    .toSorted(
      (a, b) =>
        isCanary(b.name) - isCanary(a.name) ||
        byZones(a.name, b.name) ||
        Number(a.ready) - Number(b.ready) ||
        (place.get(a.name) ?? 0) - (place.get(b.name) ?? 0),
    )
    .map(({ standing }) => standing);
}
