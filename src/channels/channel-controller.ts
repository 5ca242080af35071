import { isDeepStrictEqual } from 'node:util';
import { followOf } from '../api/follow.ts';
import { API_VERSION } from '../api/meta.ts';
import type { PolicyLayer } from '../api/policy.ts';
import type { Trust } from '../api/trust.ts';
import type { UpdateConfigStatus } from '../api/update-config.ts';
import { messageOf } from '../errors.ts';
import { isNotFound } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import type { Recorder } from '../kube/events.ts';
import { type Informer, startInformer } from '../kube/informer.ts';
import type { RawObject } from '../kube/raw.ts';
import { UPDATE_CONFIGS } from '../kube/target-path.ts';
import {
  deletePlan,
  dropFinalizer,
  writePlanSpec,
  writeUpdateConfigStatus,
} from '../kube/update-config-writer.ts';
import type { Log } from '../log.ts';
import type { ClusterStore } from '../plans/cluster-store.ts';
import { channelEvents } from './channel-events.ts';
import type { ChannelFacts, ChannelPolicy } from './channel-facts.ts';
import { type ChannelJudgement, judgeChannel } from './judge-channel.ts';
import { LookClient } from './look-client.ts';
import { runningOf } from './machines.ts';
import { standingOf } from './plan-end.ts';
import { CHANNEL_PLAN, formatPlanId, parsePlanId } from './plan-of.ts';
import { requestUrl } from './server-request.ts';
import { type TrimmedUpdateConfig, trimUpdateConfig } from './trim-update-config.ts';

export interface ChannelControllerOptions {
  readonly kube: Kube;
  readonly log: Log;
  readonly recorder: Recorder;
  readonly store: ClusterStore;
  /** The lowest layer, below UpdatePolicy/default. */
  readonly policy: PolicyLayer;
  readonly userAgent: string;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** What this process knows of one channel beside what is stored. */
interface Channel {
  readonly client: LookClient;
  generation: number;
  /** Whom the answers had to convince. */
  trust: Trust;
  /** Since when this leader has known this generation. */
  knownSinceMs: number;
  look: ChannelFacts['look'];
  last: ChannelFacts['last'];
  /** Of `last`. */
  lastUrl: string | undefined;
  isAsking: boolean;
  lookAtMs: number;
  /** What the last judgement was made from, by revision. */
  seen: string;
}

const TICK_MS = 500;
/** What the API server refuses is not asked for twice a second. */
const PAUSE_AFTER_FAILURE_MS = 5_000;
const TOKEN = '/api/v1/namespaces/kube-system/secrets/update-server-token';
const CLUSTER_ID = '/api/v1/namespaces/kube-system';
/** Put there by k0s's own Autopilot, which does not run any more. */
const K0S_FINALIZER = 'updateconfig.autopilot.k0sproject.io';

/**
 * Follows the channels of all UpdateConfigs while this process leads. Looks at what is in memory twice a second,
 * and judges only what has changed; asks servers when that is due.
 */
export class ChannelController {
  readonly configs: Informer<TrimmedUpdateConfig>;
  readonly #options: ChannelControllerOptions;
  readonly #channels = new Map<string, Channel>();
  readonly #pausedUntilMs = new Map<string, number>();
  #term: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #clusterId: string | undefined;

  constructor(options: ChannelControllerOptions) {
    this.#options = options;
    const { kube, log, signal } = options;
    this.configs = startInformer({
      kube,
      log,
      signal,
      path: UPDATE_CONFIGS,
      trim: trimUpdateConfig,
    });
  }

  /** Begins to act; the store must be synced. */
  lead(): void {
    const term = new AbortController();
    this.#term = term;
    void this.#run(term.signal);
  }

  /** Stops acting at once; what is under way is cut off, and what was heard is forgotten. */
  standBy(): void {
    this.#term?.abort(new Error('not leading any more'));
    this.#term = undefined;
    clearTimeout(this.#timer);
    this.#channels.clear();
    this.#pausedUntilMs.clear();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#attempt({}, signal, () => this.#look(signal));
      // Never resolved once we stand by.
      await new Promise<void>((resolve) => {
        this.#timer = setTimeout(resolve, TICK_MS);
      });
    }
  }

  /** What fails is tried again at the next look, and holds up no other channel. */
  async #attempt(fields: object, signal: AbortSignal, act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (thrown) {
      if (signal.aborted) return false;
      const error = messageOf(thrown);
      this.#options.log.warn({ ...fields, error }, 'channel not looked after, will try again');
      return false;
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    // Nothing is judged blindly.
    if (store.sightedSinceMs === undefined || this.configs.size === 0) return;
    this.#clusterId ??= await this.#readClusterId(signal);
    for (const uid of this.#channels.keys()) {
      if (![...this.configs.values()].some((config) => config.uid === uid))
        this.#channels.delete(uid);
    }
    for (const config of [...this.configs.values()].sort(byName)) {
      const clusterId = this.#clusterId;
      if (performance.now() < (this.#pausedUntilMs.get(config.uid) ?? 0)) continue;
      const isDone = await this.#attempt({ config: config.name }, signal, () =>
        config.deleted ? this.#letGo(config, signal) : this.#lookAt(config, clusterId, signal),
      );
      if (isDone) this.#pausedUntilMs.delete(config.uid);
      else this.#pausedUntilMs.set(config.uid, performance.now() + PAUSE_AFTER_FAILURE_MS);
    }
  }

  async #lookAt(
    config: TrimmedUpdateConfig,
    clusterId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const nowMs = Date.now();
    const channel = this.#channelOf(config, nowMs);
    const seen = this.#revisions(config);
    if (seen === channel.seen && nowMs < channel.lookAtMs) return;
    const facts = this.#facts(config, channel, clusterId, nowMs);
    const judgement = judgeChannel(facts);
    channel.seen = seen;
    channel.lookAtMs = judgement.lookAtMs;
    if (judgement.pollAtMs !== undefined && judgement.pollAtMs <= nowMs && !channel.isAsking) {
      this.#ask(config, channel, facts, signal);
    }
    // What became of the Plan before is written first: whoever comes after must not lose it.
    if (!(await this.#writeStatus(config, judgement.status, signal))) {
      channel.seen = '';
      return;
    }
    await this.#act(config, facts, judgement, signal);
  }

  #channelOf({ uid, generation }: TrimmedUpdateConfig, nowMs: number): Channel {
    const { trust } = this.#policy();
    let channel = this.#channels.get(uid);
    if (channel === undefined) {
      channel = {
        client: new LookClient(),
        generation,
        trust,
        knownSinceMs: nowMs,
        look: undefined,
        last: undefined,
        lastUrl: undefined,
        isAsking: false,
        lookAtMs: 0,
        seen: '',
      };
      this.#channels.set(uid, channel);
    }
    if (channel.generation !== generation) {
      channel.generation = generation;
      channel.knownSinceMs = nowMs;
    }
    if (!isDeepStrictEqual(channel.trust, trust)) {
      // What was believed before is not to be acted upon by other rules.
      Object.assign(channel, { trust, knownSinceMs: nowMs, look: undefined, last: undefined });
    }
    return channel;
  }

  /** What a judgement depends on, as one text; time and versions of machines are looked at now and then. */
  #revisions(config: TrimmedUpdateConfig): string {
    const { store } = this.#options;
    return [
      config.resourceVersion,
      store.plans.get(CHANNEL_PLAN)?.resourceVersion,
      store.updatePolicy()?.resourceVersion,
      ...store.quarantined().map(({ name }) => name),
    ].join(' ');
  }

  #facts(
    config: TrimmedUpdateConfig,
    channel: Channel,
    clusterId: string,
    nowMs: number,
  ): ChannelFacts {
    const { store } = this.#options;
    return {
      nowMs,
      knownSinceMs: channel.knownSinceMs,
      config,
      policy: this.#policy(),
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      clusterId,
      world: { nodes: store.nodes(), controlNodes: store.controlNodes() },
      plan: store.plans.get(CHANNEL_PLAN),
      quarantined: store.quarantined(),
      look: channel.look,
      last: channel.last,
    };
  }

  #policy(): ChannelPolicy {
    const stored = this.#options.store.updatePolicy();
    return {
      channels: stored?.channels ?? {},
      trust: stored?.trust ?? {},
      flaws: stored?.channelFlaws ?? [],
      hasWindows: (stored?.layer.windows ?? this.#options.policy.windows) !== undefined,
    };
  }

  /** In the background: a slow server holds up no other channel. */
  #ask(
    config: TrimmedUpdateConfig,
    channel: Channel,
    facts: ChannelFacts,
    signal: AbortSignal,
  ): void {
    const { spec } = config;
    const url = 'invalid' in spec ? undefined : requestUrl(spec);
    if ('invalid' in spec || url === undefined) return;
    const { kube, log, userAgent } = this.#options;
    channel.isAsking = true;
    const { trust } = channel;
    const ask = async () => {
      const running = runningOf(spec.planSpec?.commands, facts.world, facts.nowMs);
      const look = await channel.client.look({
        url,
        channel: spec.channel,
        protocol: spec.upgradeStrategy?.type === 'cron' ? 'cron' : 'periodic',
        generation: config.generation,
        follow: followOf(facts.policy.channels, config.follow),
        trust,
        introduction: {
          clusterId: facts.clusterId,
          version: (running.lowestController ?? running.lowest)?.text,
          machines: running.all,
          lastUpdateStatus: facts.plan?.status?.state ?? '',
        },
        token: await readToken(kube, signal),
        epochs: this.configs.get(config.name)?.status?.epochs,
        userAgent,
        signal,
      });
      if (channel.trust !== trust) return;
      channel.look = look;
      if (look.answer.kind === 'offered') {
        channel.last = { offered: look.answer.offered, atMs: look.atMs };
        channel.lastUrl = url;
      } else if (channel.lastUrl !== url) {
        channel.last = undefined;
      }
      const said = look.answer.kind === 'offered' ? 'IndexAccepted' : look.answer.reason;
      log.info({ config: config.name, url, reason: said }, 'channel looked at');
    };
    ask()
      .catch((thrown: unknown) => {
        if (signal.aborted) return;
        // The API server could not be asked for the token: as if the update server could not be.
        const message = `before the server was asked: ${messageOf(thrown)}`;
        const answer = { kind: 'unreachable', reason: 'ServerUnreachable', message } as const;
        channel.look = {
          url,
          generation: config.generation,
          atMs: Date.now(),
          answer,
          retryAtMs: undefined,
        };
      })
      .finally(() => {
        channel.isAsking = false;
        channel.seen = '';
      });
  }

  /** @returns whether there was nothing left to write */
  async #writeStatus(
    config: TrimmedUpdateConfig,
    status: UpdateConfigStatus,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (isDeepStrictEqual(status, config.status)) return true;
    const { kube, recorder } = this.#options;
    const outcome = await writeUpdateConfigStatus(kube, config, status, signal);
    if (!outcome.done) throw new Error(`status not written: ${outcome.why}`);
    const regarding = {
      apiVersion: API_VERSION,
      kind: 'UpdateConfig',
      name: config.name,
      uid: config.uid,
    };
    for (const event of channelEvents(config.status, status))
      recorder.emit({ ...event, regarding });
    this.configs.note(outcome.object);
    return false;
  }

  async #act(
    config: TrimmedUpdateConfig,
    { plan }: ChannelFacts,
    { make, remove }: ChannelJudgement,
    signal: AbortSignal,
  ): Promise<void> {
    const { kube, log, store } = this.#options;
    if (remove && plan !== undefined) {
      log.info({ config: config.name, plan: plan.name }, 'Plan removed');
      await deletePlan(kube, plan, signal);
      return;
    }
    if (make === undefined || (plan !== undefined && this.#isUntold(plan))) return;
    const before = { name: CHANNEL_PLAN, resourceVersion: plan?.resourceVersion };
    const outcome = await writePlanSpec(kube, before, make, signal);
    const fields = { config: config.name, plan: CHANNEL_PLAN, id: make.id };
    if (outcome.done) {
      log.info(fields, 'Plan made');
      if (plan !== undefined) store.plans.note(outcome.object);
    } else {
      log.info({ ...fields, why: outcome.why }, 'the world has moved on');
    }
  }

  /** Whether the channel that has made a Plan has not yet written down what became of it. */
  #isUntold(plan: NonNullable<ChannelFacts['plan']>): boolean {
    const id = 'invalid' in plan.spec ? undefined : parsePlanId(plan.spec.id);
    const owner = id && this.configs.get(id.config);
    if (id === undefined || owner === undefined || owner.deleted) return false;
    if (standingOf(plan) !== 'ended') return false;
    const told = owner.status?.plan;
    return told?.id !== formatPlanId(id) || told.finishedAt === undefined;
  }

  async #letGo(config: TrimmedUpdateConfig, signal: AbortSignal): Promise<void> {
    if (!config.finalizers.includes(K0S_FINALIZER)) return;
    await dropFinalizer(this.#options.kube, config, K0S_FINALIZER, signal);
  }

  async #readClusterId(signal: AbortSignal): Promise<string> {
    const { metadata } = await this.#options.kube.request<RawObject>('GET', CLUSTER_ID, { signal });
    return `kube-system:${metadata.uid}`;
  }
}

/** @returns undefined where there is none, which most servers do not mind */
async function readToken(kube: Kube, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { data } = await kube.request<{ data?: { token?: string } }>('GET', TOKEN, { signal });
    const token = data?.token && Buffer.from(data.token, 'base64').toString('utf8').trim();
    return token || undefined;
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

function byName(a: TrimmedUpdateConfig, b: TrimmedUpdateConfig): number {
  return a.name < b.name ? -1 : 1;
}
