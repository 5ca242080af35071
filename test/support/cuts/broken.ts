import assert from 'node:assert/strict';
import type { TargetPhase } from '../../../src/api/plan.ts';
import type { Reason } from '../../../src/api/reasons.ts';
import { eventually } from '../eventually.ts';
import type { HostCluster } from '../hosts/host-cluster.ts';
import { planManifest, thisPlatform } from '../manifests.ts';
import { differences, type Fingerprint, fingerprints } from '../observe/fingerprint.ts';
import { conditionOf, hasEnded, targetNamed } from '../plans.ts';
import { brokenRelease, type Fault, type FileFault } from '../releases.ts';
import { journalOf } from './power.ts';

/** How a release is broken, where it is put, and how that must end. */
export interface BrokenCase {
  readonly fault: Fault | FileFault;
  readonly role: 'controller' | 'worker';
  readonly phase: TargetPhase;
  readonly reason: Reason | readonly Reason[];
}

/** Good enough to find a fault within two minutes of the swap, and long enough for slow machines. */
export const FAULT_POLICY = { confirmTimeout: '100s', gate: { timeout: '75s' } } as const;

/** Every release of k0mini that is broken, on either kind of node where it shows. */
export const BROKEN_CASES: readonly BrokenCase[] = [
  ...(['controller', 'worker'] as const).flatMap((role): readonly BrokenCase[] => [
    { fault: 'exits', role, phase: 'Undone', reason: 'ProcessExits' },
    { fault: 'version', role, phase: 'Undone', reason: 'WrongVersionRuns' },
    {
      fault: 'late',
      role,
      phase: 'Undone',
      // it answers in between, so that its exits are counted or its health is missed
      reason: ['ProcessExits', 'NodeNotReady', 'ApiServerNotReady', 'HealthTimeout'],
    },
    {
      fault: 'route',
      role,
      phase: 'Undone',
      // the orchestrator has its own judgement of a host that it no longer hears; the host undoes alone
      reason: ['ConfirmTimeout', 'NodeNotReady', 'ApiServerNotReady', 'HealthTimeout'],
    },
    { fault: 'truncated', role, phase: 'Failed', reason: 'NotExecutable' },
    { fault: 'not-executable', role, phase: 'Failed', reason: 'NotExecutable' },
    { fault: 'wrong-arch', role, phase: 'Failed', reason: 'WrongArchitecture' },
  ]),
  { fault: 'kubelet', role: 'worker', phase: 'Undone', reason: 'NodeNotReady' },
  {
    fault: 'apiserver',
    role: 'controller',
    phase: 'Undone',
    reason: ['ApiServerNotReady', 'HealthTimeout'],
  },
];

export interface BrokenMade {
  /** From the swap until the agent had put the old k0s back; undefined where nothing was swapped. */
  readonly healedAfterMs: number | undefined;
  /** From the swap until the host was as before: old k0s, API server or Node ready, not cordoned. */
  readonly asBeforeAfterMs: number | undefined;
  readonly message: string;
}

const ENDS_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 50;
/** Once it is undone: each look then takes a kubectl. */
const CALM_LOOK_EVERY_MS = 250;

/** Gives one host a broken release; it must be what it was afterwards, and the Plan must say why. */
export async function playBroken(cluster: HostCluster, wanted: BrokenCase): Promise<BrokenMade> {
  const { fault, role } = wanted;
  const host = cluster.hosts.findLast((one) => one.role === role)!;
  const release = brokenRelease(fault);
  const name = `broken-${fault}-${role}`;
  const platforms = { [thisPlatform()]: await cluster.offer(release) };
  const before = await fingerprints(cluster, []);
  const controllers = role === 'controller' ? [host.name] : [];
  const workers = role === 'worker' ? [host.name] : [];
  const { version } = release;
  let swappedAtMs: number | undefined;
  let healedAtMs: number | undefined;
  let asBeforeAtMs: number | undefined;
  let undoneAtMs = Number.POSITIVE_INFINITY;
  const over = new AbortController();
  const watching = watch();
  try {
    // What has failed on a controller would be kept from the worker, unseen.
    await cluster.kubectl('delete', 'quarantinedartifacts', '--all');
    await cluster.apply(planManifest({ name, version, platforms, controllers, workers }));
    const plan = await cluster.waitForPlan(name, 'to end', hasEnded, ENDS_WITHIN_MS);
    const target = targetNamed(plan, host.name);
    const told = `${target?.phase} ${target?.reason}: ${target?.message}`;
    assert.equal(plan.status?.state, 'ApplyFailed', told);
    assert.equal(target?.phase, wanted.phase, told);
    assert.ok([wanted.reason].flat().includes(target?.reason as Reason), told);
    await eventually(
      `${host.name} to run what it ran before; the Plan says ${told}`,
      async () => requireAsBefore(before, await fingerprints(cluster, []), host.name),
      { timeoutMs: 60_000 },
    );
    await eventually(`${host.name} to be healthy again`, () => isReady(cluster, host.name, role));
    assert.match(conditionOf(plan, 'Failed')?.message ?? '', new RegExp(host.name));
    if (swappedAtMs === undefined || healedAtMs === undefined) {
      return { healedAfterMs: undefined, asBeforeAfterMs: undefined, message: told };
    }
    asBeforeAtMs ??= performance.now(); // seen just now
    return {
      healedAfterMs: healedAtMs - swappedAtMs,
      asBeforeAfterMs: asBeforeAtMs - swappedAtMs,
      message: told,
    };
  } finally {
    over.abort();
    await watching;
  }

  /** By the host's own journal, from the restart with the new binary to the end of the undo, and beyond. */
  async function watch(): Promise<void> {
    while (!over.signal.aborted) {
      const signal = (await journalOf(host))?.signal;
      const isOurs = signal?.order.plan.name === name;
      if (isOurs && signal.restart !== undefined) swappedAtMs ??= performance.now();
      if (isOurs && signal.phase === 'Undone' && healedAtMs === undefined) {
        healedAtMs = performance.now();
        undoneAtMs = Date.now();
        // what the release did to the host's network is not the agent's to mend: here comes the next lease
        if (fault === 'route') await host.machine.link.configure();
      }
      // the last time that it came to be so counts: a moment after the undo nobody may have missed it yet
      if (healedAtMs !== undefined) {
        asBeforeAtMs = (await isAsBefore()) ? (asBeforeAtMs ?? performance.now()) : undefined;
      }
      const pauseMs = healedAtMs === undefined ? LOOK_EVERY_MS : CALM_LOOK_EVERY_MS;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async function isAsBefore(): Promise<boolean> {
    try {
      const { version: running } = await host.k0sStatus();
      if (running !== before.get(host.name)?.version) return false;
      if (role === 'worker' && (await renewedAtMs(cluster, host.name)) < undoneAtMs) return false;
      return await isReady(cluster, host.name, role);
    } catch {
      return false; // it does not answer yet
    }
  }
}

function requireAsBefore(
  before: ReadonlyMap<string, Fingerprint>,
  after: ReadonlyMap<string, Fingerprint>,
  touched: string,
): true {
  const others = new Map([...before].filter(([name]) => name !== touched));
  const itself = new Map([...before].filter(([name]) => name === touched));
  const changes = [
    ...differences(others, after),
    ...differences(itself, after, ['version', 'sha256']),
  ];
  if (changes.length > 0) throw new Error(changes.join('; '));
  return true;
}

/** @throws Error that says what it is instead */
async function isReady(
  cluster: HostCluster,
  name: string,
  role: BrokenCase['role'],
): Promise<true> {
  if (role === 'controller') {
    if (cluster.loadBalancer.ready().includes(name)) return true;
    throw new Error(`its API server is not ready: ${cluster.loadBalancer.found(name)}`);
  }
  const { spec, status } = JSON.parse(await cluster.kubectl('get', 'node', name, '-o', 'json'));
  const ready = status.conditions.find(({ type }: { type: string }) => type === 'Ready');
  if (ready?.status === 'True' && !spec.unschedulable) return true;
  throw new Error(`Ready is ${ready?.status}, unschedulable is ${spec.unschedulable}`);
}

/** When a kubelet last said that it is there, by the clock of this machine. */
async function renewedAtMs(cluster: HostCluster, name: string): Promise<number> {
  const path = ['--namespace', 'kube-node-lease', 'lease', name];
  const text = await cluster.kubectl('get', ...path, '-o', 'jsonpath={.spec.renewTime}');
  return Date.parse(text);
}
