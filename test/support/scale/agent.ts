import { ANNOTATION } from '../../../src/api/meta.ts';
import { AutopilotError } from '../../../src/errors.ts';
import type { Kube } from '../../../src/kube/client.ts';
import type { RawNode } from '../../../src/kube/raw.ts';
import { type Goal, type Order, parseOrder } from '../../../src/signals/order.ts';
import { formatReport, type Report, type Signal } from '../../../src/signals/report.ts';
import { microTime, NEW, NEW_SHA, OLD, OLD_SHA, restingReport } from './nodes.ts';

/** What goes wrong with one answer. */
export type Mishap = 'fails' | 'vanishes' | 'late' | 'twice';

export interface AgentPorts {
  readonly kube: Kube;
  readonly answerMs: number;
  /** Asked before each answer. */
  readonly mishap: () => Mishap | undefined;
  /** A moment in the life of a node: what it was told, or has reported. */
  readonly note: (node: string, moment: Moment) => void;
  readonly onTrouble: (message: string) => void;
}

export type Moment =
  | `told ${Goal}`
  | 'cordoned'
  | 'uncordoned'
  | 'reported Staged'
  | 'reported OnTrial'
  | 'renewed'
  | 'reported Committed'
  | 'reported Undone'
  | 'reported Failed';

const LATE_TIMES = 10;
const LATE_LEAST_MS = 5_000;
/** After the report of the trial: two more than the one at the restart, of which one is enough as a rule. */
const SOON_MS = 500;
/** As kubelets do. */
const RENEW_EVERY_MS = 10_000;
const AGAIN_MS = 1_000;

/**
 * One node as the API server sees it: an agent that speaks the protocol, and so much of a kubelet as a restart
 * of it shows (its version and two renewals of its Lease). It looks at its Node when it is shown it, does one
 * thing after the other, and writes with the same tests as the real agent.
 */
export class SimulatedAgent {
  readonly #ports: AgentPorts;
  readonly #name: string;
  #report: Report = restingReport();
  #stored: string | undefined;
  #order: string | undefined;
  #cordoned = false;
  #work: Promise<void> = Promise.resolve();
  #gone = false;
  #renewal: NodeJS.Timeout | undefined;

  constructor(name: string, ports: AgentPorts) {
    this.#name = name;
    this.#ports = ports;
  }

  see(node: RawNode): void {
    const text = node.metadata.annotations?.[ANNOTATION.order];
    this.#stored ??= node.metadata.annotations?.[ANNOTATION.report];
    const cordoned = node.spec?.unschedulable === true;
    if (cordoned !== this.#cordoned) {
      this.#cordoned = cordoned;
      this.#ports.note(this.#name, cordoned ? 'cordoned' : 'uncordoned');
    }
    if (text === this.#order) return;
    this.#order = text;
    const order = parseOrder(text);
    if (order.kind !== 'valid') return;
    this.#ports.note(this.#name, `told ${order.value.goal}`);
    this.#work = this.#work
      .then(() => this.#obey(order.value))
      .catch((thrown: unknown) => {
        this.#ports.onTrouble(
          `${this.#name}: ${thrown instanceof Error ? thrown.message : thrown}`,
        );
      });
  }

  /** A write that says nothing new but that the agent lives. */
  async beat(): Promise<void> {
    const { agent } = this.#report;
    await this.#tell({ ...this.#report, agent: { ...agent, beat: agent.beat + 1 } });
  }

  async #obey(order: Order): Promise<void> {
    const mishap = this.#gone ? 'vanishes' : this.#ports.mishap();
    if (mishap === 'vanishes') {
      this.#gone = true;
      return;
    }
    const { answerMs } = this.#ports;
    const waitMs = mishap === 'late' ? Math.max(LATE_LEAST_MS, LATE_TIMES * answerMs) : answerMs;
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    await this.#answer(order, mishap === 'fails');
    if (mishap === 'twice') await this.beat();
  }

  async #answer(order: Order, fails: boolean): Promise<void> {
    const staged = { version: order.artifact.version, sha256: NEW_SHA, size: 250_000_000 };
    const previous = { version: OLD, sha256: OLD_SHA };
    const base = {
      ...{ id: order.id, attempt: order.attempt, epoch: order.epoch, goal: order.goal },
      ...{ staged, previous },
    };
    switch (order.goal) {
      case 'stage':
        if (fails) {
          const failed = {
            class: 'Environment',
            reason: 'DownloadFailed',
            message: '503',
          } as const;
          return this.#signal({ ...base, phase: 'Failed', ...failed });
        }
        return this.#signal({ ...base, phase: 'Staged' });
      case 'apply': {
        const restartedAt = new Date().toISOString();
        if (!fails) await this.#restartKubelet();
        const running = { version: NEW, sha256: NEW_SHA, pid: 4711, exits: 0, healthy: !fails };
        await this.#signal({ ...base, phase: 'OnTrial', restartedAt, running }, NEW);
        if (!fails) this.#keepRenewing();
        return;
      }
      case 'commit':
        clearTimeout(this.#renewal);
        return this.#signal({ ...base, phase: 'Committed' }, NEW);
      case 'undo':
        return this.#signal({ ...base, phase: 'Undone' }, OLD);
      case 'cancel':
        return this.#signal({ ...base, phase: 'Cancelled' });
    }
  }

  /** @param version that runs from now on, where it is another one */
  async #signal(signal: Signal, version?: string): Promise<void> {
    const { agent } = this.#report;
    const host = version === undefined ? this.#report.host : restingReport(version).host;
    await this.#tell({
      v: 1,
      agent: { ...agent, beat: agent.beat + 1 },
      host: { ...host, epoch: signal.epoch },
      signal,
    });
    const { phase } = signal;
    if (phase === 'Staged' || phase === 'OnTrial' || phase === 'Committed') {
      this.#ports.note(this.#name, `reported ${phase}`);
    } else if (phase === 'Undone' || phase === 'Failed') {
      this.#ports.note(this.#name, `reported ${phase}`);
    }
  }

  async #tell(report: Report): Promise<void> {
    const path = `/metadata/annotations/${ANNOTATION.report.replaceAll('/', '~1')}`;
    const text = formatReport(report);
    await this.#insist(async (isAgain) => {
      // The answer to the first try may be what was lost.
      if (isAgain) this.#stored = await this.#readReport();
      if (this.#stored === text) return;
      await this.#ports.kube.request('PATCH', `/api/v1/nodes/${this.#name}`, {
        query: { fieldManager: 'autopilot-agent' },
        contentType: 'application/json-patch+json',
        body: [
          { op: 'test', path, value: this.#stored },
          { op: 'replace', path, value: text },
        ],
        timeoutMs: 60_000,
      });
    });
    this.#report = report;
    this.#stored = text;
  }

  async #readReport(): Promise<string | undefined> {
    const { metadata } = await this.#ports.kube.request<RawNode>(
      'GET',
      `/api/v1/nodes/${this.#name}`,
    );
    return metadata.annotations?.[ANNOTATION.report];
  }

  /** An API server that is away, or has no time, is asked until it answers. */
  async #insist(ask: (isAgain: boolean) => Promise<unknown>): Promise<void> {
    for (let isAgain = false; ; isAgain = true) {
      try {
        await ask(isAgain);
        return;
      } catch (thrown) {
        const passes = thrown instanceof AutopilotError && thrown.retryable;
        if (!passes) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS * (0.5 + Math.random())));
      }
    }
  }

  async #restartKubelet(): Promise<void> {
    await this.renew();
    await this.#insist(() =>
      this.#ports.kube.request('PATCH', `/api/v1/nodes/${this.#name}/status`, {
        query: { fieldManager: 'kubelet' },
        contentType: 'application/merge-patch+json',
        body: { status: { nodeInfo: { kubeletVersion: 'v1.36.4+k0s' } } },
        timeoutMs: 60_000,
      }),
    );
  }

  /** Twice within a second, and then as a kubelet does. */
  #keepRenewing(times = 0): void {
    this.#renewal = setTimeout(
      () => {
        this.renew()
          .then(() => {
            // The one at the restart was the first, and two are waited for.
            if (times === 0) this.#ports.note(this.#name, 'renewed');
            this.#keepRenewing(times + 1);
          })
          .catch((thrown: unknown) => this.#ports.onTrouble(`${this.#name}: ${thrown}`));
      },
      times < 2 ? SOON_MS : RENEW_EVERY_MS,
    );
  }

  /** As a kubelet that lives. */
  async renew(): Promise<void> {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
    await this.#insist(() =>
      this.#ports.kube.request('PATCH', `${leases}/${this.#name}`, {
        contentType: 'application/merge-patch+json',
        body: { spec: { renewTime: microTime() } },
        timeoutMs: 60_000,
      }),
    );
  }
}
