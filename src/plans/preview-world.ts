import { parseK0sVersion } from '../api/k0s-version.ts';
import type { StoredPlanStatus } from '../api/plan.ts';
import { WORKLOADS_GATE } from '../gates/gate-flaws.ts';
import type {
  Action,
  ControlNodeFacts,
  CordonMark,
  HostFacts,
  JobFacts,
  NodeFacts,
  Outlook,
  PlanFacts,
} from './facts.ts';
import { controllerOfNode, nodeOfMachine } from './hybrid.ts';
import { livePolicy } from './live-policy.ts';
import { NO_OTHERS } from './others.ts';
import { runningVersion } from './preflight.ts';
import { PreviewHost } from './preview-host.ts';
import type { Pace } from './preview-pace.ts';

/** Of nodes whose pods nobody has listed. */
const NOTHING_IN_THE_WAY: Outlook = { budgets: [] };

interface Cordon {
  readonly mark: CordonMark;
  readonly emptyAtMs: number;
}

/**
 * The cluster as it was found, and from there on without a fault: every order is obeyed, every node empties,
 * and what is restarted becomes healthy. What is down and is nobody's target stays down.
 *
 * Orders that are on nodes already are left out: they end with the Plans that they belong to.
 */
export class PreviewWorld {
  nowMs: number;
  status: StoredPlanStatus | undefined;
  readonly #found: PlanFacts;
  readonly #pace: Pace;
  readonly #controllers = new Map<string, PreviewHost>();
  readonly #workers = new Map<string, PreviewHost>();
  readonly #cordons = new Map<string, Cordon>();
  readonly #softTaints = new Map<string, string>();
  readonly #jobs = new Map<string, JobFacts>();
  /** When each Job that has not ended does. */
  readonly #running = new Map<string, number>();
  /** What is known of every host, of which few change between two looks. */
  readonly #nodes = new Map<string, NodeFacts>();
  readonly #controlNodes = new Map<string, ControlNodeFacts>();
  readonly #changed = new Set<string>();

  constructor(found: PlanFacts, pace: Pace) {
    this.#found = found;
    this.#pace = pace;
    this.nowMs = found.nowMs;
    for (const node of found.controlNodes.values()) {
      const isUp = node.apiServer.ready === 'True';
      const version = runningVersion(node) ?? node.k0sVersion;
      this.#controllers.set(
        node.name,
        new PreviewHost('controller', node.name, { version, isUp }, pace),
      );
    }
    for (const node of found.nodes.values()) {
      const isUp = node.ready === 'True';
      const version = runningVersion(node);
      this.#workers.set(node.name, new PreviewHost('worker', node.name, { version, isUp }, pace));
    }
    for (const name of [...found.nodes.keys(), ...found.controlNodes.keys()]) {
      this.#changed.add(name);
    }
  }

  /** Good until the world goes on: the next look gets the same maps, with what has changed. */
  facts(): PlanFacts {
    const found = this.#found;
    for (const node of found.controlNodes.values()) {
      this.#controlNodes.set(node.name, this.#controlNode(node));
      const same = this.#changed.has(node.name) && nodeOfMachine(node, found.nodes);
      if (same) this.#changed.add(same.name);
    }
    for (const name of this.#changed) {
      const node = found.nodes.get(name);
      if (node !== undefined) this.#nodes.set(name, this.#node(node));
    }
    this.#changed.clear();
    return {
      ...found,
      nowMs: this.nowMs,
      plan: { ...found.plan, status: this.status },
      plansBefore: [],
      gates: this.#gates(),
      baseline: { kind: 'stored' },
      jobs: this.#jobs,
      others: NO_OTHERS,
      nodes: this.#nodes,
      controlNodes: this.#controlNodes,
    };
  }

  perform(action: Action): void {
    const { name } = action;
    this.#changed.add(name);
    switch (action.kind) {
      case 'order':
        this.#host(action.role, name).obey(action.order, this.nowMs);
        return;
      case 'removeOrder':
        this.#host(action.role, name).forget();
        return;
      case 'cordon': {
        if (this.#cordons.has(name)) return;
        const ours = this.#found.nodes.get(name)?.unschedulable !== true;
        const mark = { orderId: action.orderId, ours };
        this.#cordons.set(name, { mark, emptyAtMs: this.nowMs + this.#pace.drainMs });
        if (action.softTaint !== undefined) this.#softTaints.delete(name);
        if (action.apply !== undefined) {
          this.#host('worker', name).obey(action.apply.order, this.nowMs);
        }
        return;
      }
      case 'uncordon':
        this.#cordons.delete(name);
        if (action.softTaint !== undefined) this.#softTaints.delete(name);
        if (action.order !== undefined) this.#host('worker', name).forget();
        return;
      case 'softTaint':
        this.#softTaints.set(name, action.run);
        return;
      case 'removeSoftTaint':
        this.#softTaints.delete(name);
        return;
      case 'job':
        if (this.#jobs.has(name)) return;
        this.#jobs.set(name, { state: 'Running', message: '' });
        this.#running.set(name, this.nowMs + this.#pace.jobMs);
        return;
      case 'evict':
      // Pods go by themselves here: see emptyAtMs.
    }
  }

  /**
   * Goes on to the next moment at which something happens, but not beyond the one at which to look again.
   * @param dueMs when the run goes on by itself, whatever happens in the world
   * @returns false: nothing ever does
   */
  pass(untilMs: number | undefined, dueMs?: number): boolean {
    let nextMs = Number.POSITIVE_INFINITY;
    const consider = (atMs: number | undefined) => {
      if (atMs !== undefined && atMs > this.nowMs && atMs < nextMs) nextMs = atMs;
    };
    for (const host of this.#controllers.values()) consider(host.nextAtMs);
    for (const host of this.#workers.values()) consider(host.nextAtMs);
    for (const { emptyAtMs } of this.#cordons.values()) consider(emptyAtMs);
    for (const endsAtMs of this.#running.values()) consider(endsAtMs);
    consider(dueMs);
    if (nextMs === Number.POSITIVE_INFINITY) return false;
    consider(untilMs);
    this.nowMs = nextMs;
    for (const hosts of [this.#controllers, this.#workers]) {
      for (const host of hosts.values()) {
        if (host.pass(this.nowMs)) this.#changed.add(host.name);
      }
    }
    for (const [name, endsAtMs] of this.#running) {
      if (endsAtMs > this.nowMs) continue;
      this.#running.delete(name);
      this.#jobs.set(name, { state: 'Succeeded', message: '' });
    }
    // Whether they are empty by now.
    for (const name of this.#cordons.keys()) this.#changed.add(name);
    return true;
  }

  /** Every one that there is says yes whenever it is asked. */
  #gates(): PlanFacts['gates'] {
    const { gates = [] } = livePolicy(this.#found);
    const atMs = this.nowMs;
    const pass = { outcome: 'pass', message: 'passes', atMs, sinceMs: 0, failures: 0 } as const;
    return new Map([WORKLOADS_GATE, ...gates.map(({ name }) => name)].map((name) => [name, pass]));
  }

  #host(role: HostKind, name: string): PreviewHost {
    const host = (role === 'controller' ? this.#controllers : this.#workers).get(name);
    if (host === undefined) throw new Error(`preview: no ${role} ${name} in the world`);
    return host;
  }

  #node(node: NodeFacts): NodeFacts {
    const host = this.#host('worker', node.name);
    // A hybrid is one machine: its Node goes down and comes back with the controller.
    const controller = controllerOfNode(node.name, this.#found);
    const machine = (controller && this.#controllers.get(controller.name)) ?? host;
    const wasTouched = machine.upSinceMs > 0 || machine.signal?.phase === 'Applying';
    const cordon = this.#cordons.get(node.name);
    const isEmpty = cordon !== undefined && cordon.emptyAtMs <= this.nowMs;
    return {
      ...node,
      ...spoken(node, host),
      ready: wasTouched ? (machine.isUp ? 'True' : 'False') : node.ready,
      kubeletVersion:
        machine.upSinceMs > 0
          ? kubeletOf(machine.version, node.kubeletVersion)
          : node.kubeletVersion,
      unschedulable: cordon !== undefined || (node.unschedulable && node.cordon?.ours !== true),
      cordon: cordon?.mark,
      renewals: machine.renewals,
      softTaint: this.#softTaints.get(node.name),
      // Which pods are left is nobody's question here.
      drain: isEmpty ? { pods: [] } : undefined,
      outlook: node.outlook ?? NOTHING_IN_THE_WAY,
    };
  }

  #controlNode(node: ControlNodeFacts): ControlNodeFacts {
    const host = this.#host('controller', node.name);
    const wasTouched = host.upSinceMs > 0 || host.signal?.phase === 'Applying';
    return {
      ...node,
      ...spoken(node, host),
      k0sVersion: host.version,
      apiServer: {
        ...node.apiServer,
        ...(wasTouched ? { ready: host.isUp ? 'True' : 'False', message: 'restarts' } : {}),
        atMs: this.nowMs,
        sinceMs: host.upSinceMs,
      },
    };
  }
}

type HostKind = PreviewHost['role'];

/** The two annotations. */
function spoken(found: HostFacts, host: PreviewHost): Partial<HostFacts> {
  const { order, orderText, signal, version } = host;
  const { report } = found;
  return {
    order: order === undefined ? { kind: 'absent' } : { kind: 'valid', value: order },
    orderText,
    ...(report.kind === 'valid'
      ? {
          report: {
            kind: 'valid',
            value: {
              ...report.value,
              host: { ...report.value.host, k0sVersion: version },
              signal,
            },
          },
        }
      : {}),
  };
}

function kubeletOf(version: string | undefined, otherwise: string): string {
  const release = parseK0sVersion(version ?? '')?.release;
  return release === undefined ? otherwise : `v${release}+k0s`;
}
