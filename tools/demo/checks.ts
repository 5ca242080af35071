import { WORKLOAD } from '../../test/support/manifests.ts';
import type { Chronicle } from '../../test/support/observe/chronicle.ts';
import { differences, type Fingerprint } from '../../test/support/observe/fingerprint.ts';
import type { Availability } from '../../test/support/observe/prober.ts';
import type { World } from '../../test/support/observe/world.ts';
import type { Check } from './summary.ts';
import { percent } from './table.ts';

type Fingerprints = ReadonlyMap<string, Fingerprint>;

/** Below it a person would have noticed; one API server of three is away at a time. */
const AVAILABILITY_WANTED = 0.99;

export function updateChecks(
  version: string,
  world: World,
  chronicle: Chronicle,
  after: Fingerprints,
  concurrent: number,
): readonly Check[] {
  const { status } = world.plan ?? {};
  const others = [...after].filter(([, host]) => host.version !== version).map(([name]) => name);
  const roles = new Map(world.hosts.map(({ name, role }) => [name, role]));
  const order = chronicle.touched.map((name) => roles.get(name));
  const { mostControllersAtOnce: controllers, mostWorkersAtOnce: workers } = chronicle;
  return [
    check('the Plan is Completed', status?.state === 'Completed', `${status?.state}`),
    check(`every node runs ${version}`, others.length === 0, `not ${others.join(', ')}`),
    check(
      'controllers came first, one at a time',
      controllers === 1 && order.lastIndexOf('controller') < order.indexOf('worker'),
      `${controllers} at once, in the order ${chronicle.touched.join(', ')}`,
    ),
    check(
      `never more than ${concurrent} worker${concurrent === 1 ? '' : 's'} at once`,
      workers <= concurrent,
      `${workers} at once`,
    ),
    noCordon('the update', after),
  ];
}

export function brokenChecks(
  world: World,
  chronicle: Chronicle,
  before: Fingerprints,
  after: Fingerprints,
): readonly Check[] {
  const { status } = world.plan ?? {};
  const [first = '(none)', ...more] = chronicle.touched;
  const phase = world.hosts.find(({ name }) => name === first)?.phase;
  const others = differences(new Map([...before].filter(([name]) => name !== first)), after);
  const itself = differences(new Map([...before].filter(([name]) => name === first)), after, [
    'version',
    'sha256',
    'cordoned',
  ]);
  return [
    check(
      'the Plan of the broken release is ApplyFailed',
      status?.state === 'ApplyFailed',
      `${status?.state}`,
    ),
    check(
      `it was caught on the first node, ${first}, and undone there`,
      more.length === 0 && phase === 'Undone' && itself.length === 0,
      [`${first} is ${phase}`, ...itself, ...more.map((name) => `${name} was touched`)].join('; '),
    ),
    check('no other node was touched', others.length === 0, others.join('; ')),
    noCordon('the undo', after),
  ];
}

/** A whole run was put back. */
export function rollbackChecks(
  stateBefore: string | undefined,
  world: World,
  chronicle: Chronicle,
  before: Fingerprints,
  after: Fingerprints,
): readonly Check[] {
  const { status } = world.plan ?? {};
  const others = differences(before, after, ['version', 'sha256', 'cordoned']);
  const roles = new Map(world.hosts.map(({ name, role }) => [name, role]));
  const order = chronicle.touched.map((name) => roles.get(name));
  const condition = status?.conditions?.find(({ type }) => type === 'RolledBack');
  return [
    check('the late release passed every trial', stateBefore === 'Completed', `${stateBefore}`),
    check(
      'the Plan says that all of it was put back',
      status?.state === 'ApplyFailed' && condition?.status === 'True',
      `${status?.state}: ${condition?.message ?? 'nothing was put back'}`,
    ),
    check('every host runs its old version again', others.length === 0, others.join('; ')),
    check(
      'workers went back before controllers, and those one at a time',
      chronicle.mostControllersAtOnce <= 1 &&
        order.length === roles.size &&
        order.lastIndexOf('worker') < order.indexOf('controller'),
      `${chronicle.mostControllersAtOnce} at once, in the order ${chronicle.touched.join(', ')}`,
    ),
    noCordon('the rollback', after),
  ];
}

/**
 * What the users of the cluster must not notice.
 * @param api undefined where a release takes API servers away by itself, which nobody can keep it from
 */
export function serviceChecks(
  chronicles: readonly Chronicle[],
  api: Availability | undefined,
): readonly Check[] {
  const lowest = Math.min(...chronicles.map(({ lowestReadyReplicas }) => lowestReadyReplicas));
  const { minAvailable } = WORKLOAD;
  return [
    check(
      `never fewer than ${minAvailable} replicas were ready`,
      lowest >= minAvailable,
      `${lowest} at one moment`,
    ),
    ...(api === undefined ? [] : [apiCheck(api)]),
  ];
}

function apiCheck({ answered, asked }: Availability): Check {
  return check(
    `the API answered at least ${AVAILABILITY_WANTED * 100} % of requests`,
    asked > 0 && answered / asked >= AVAILABILITY_WANTED,
    `${percent(answered, asked)} of ${asked}`,
  );
}

function noCordon(what: string, after: Fingerprints): Check {
  const cordoned = [...after].filter(([, host]) => host.cordoned).map(([name]) => name);
  return check(
    `no node is left cordoned after ${what}`,
    cordoned.length === 0,
    cordoned.join(', '),
  );
}

function check(what: string, ok: boolean, found: string): Check {
  return ok ? { what, ok } : { what, ok, found };
}
