import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { fitOfServer, WANTED_SERVERS } from '../api/kubernetes-range.ts';
import { ChannelController } from '../channels/channel-controller.ts';
import { type OrchestratorConfig, readPolicy } from '../config.ts';
import { AutopilotError, messageOf } from '../errors.ts';
import { followApiServers } from '../kube/api-servers.ts';
import { connect } from '../kube/client.ts';
import { createRecorder } from '../kube/events.ts';
import { secondInstallation } from '../kube/installation-kind.ts';
import { type Leader, type Leadership, startLeader } from '../kube/leader.ts';
import { isHolderOfK0s } from '../kube/leader-decision.ts';
import { createLog } from '../log.ts';
import { sample } from '../metrics/catalogue.ts';
import { changeSamples } from '../metrics/change-samples.ts';
import { channelSamples } from '../metrics/channel-samples.ts';
import { createMetrics } from '../metrics/metrics-store.ts';
import { answerSamples, leaderChange, leaderSamples } from '../metrics/process-samples.ts';
import { checkOneself } from '../metrics/self-check-controller.ts';
import { type Served, type ServeOptions, serve } from '../metrics/serve-controller.ts';
import { worldSamples } from '../metrics/world-samples.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import { Controller } from './controller.ts';
import { HAND_OVER_MS, isAlone } from './hand-over.ts';

/** The cluster is not one that this orchestrator may work in. */
class OrchestratorError extends AutopilotError {
  readonly retryable = false;
  readonly reason: 'TwoInstallations' | 'UnsupportedServer';

  constructor(reason: OrchestratorError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * The orchestrator: observes always, acts while it leads, and gives the Lease back when it is stopped.
 * @throws ConfigError, KubeconfigError before anything was begun; OrchestratorError after everything was ended
 */
export async function runOrchestrator(
  config: OrchestratorConfig,
  stop: AbortSignal,
): Promise<void> {
  const policy = await readPolicy(config.policy);
  const metrics = createMetrics({ version: AUTOPILOT_VERSION, node_version: process.version });
  const kube = connect({
    kubeconfig: config.kubeconfig,
    version: AUTOPILOT_VERSION,
    onAnswer: (answer) => metrics.count(answerSamples(answer)),
  });
  // The variable names the ControlNode to k0s as well; else that is called as the host is.
  const ownHost = config.ownHost ?? (process.env.AUTOPILOT_HOSTNAME || hostname());
  const identity = `${hostname()}_${randomUUID()}`;
  const log = createLog(config.logLevel, { program: 'controller' });
  log.info({ version: AUTOPILOT_VERSION, server: kube.server, identity, policy }, 'starting');

  /** Undefined until both have been started. */
  let parts: { readonly controller: Controller; readonly leader: Leader } | undefined;
  const pulse = () => ({
    nowMs: performance.now(),
    isSynced: parts?.controller.store.sightedSinceMs !== undefined,
    electionAtMs: parts?.leader.turnedAtMs ?? performance.now(),
    lookAtMs: parts?.controller.acting?.lookedAtMs,
  });
  // First: who is told of a wrong address or file has nothing half begun.
  const served = await serveMetrics(config, {
    metrics,
    log,
    pulse,
  });

  const watches = new AbortController();
  const recorder = createRecorder({ kube, log, instance: identity });
  const controller = new Controller({
    kube,
    log,
    recorder,
    apiPort: config.apiPort,
    identity,
    policy,
    signal: watches.signal,
    ownHost,
    onOwnHostNext: () => void handOver(),
    onStatus: (before, after) => metrics.count(changeSamples(before, after)),
  });
  metrics.watch(() => [
    ...worldSamples(controller.view()),
    ...leaderSamples(controller.acting?.epoch),
    sample('autopilot_synced', {}, controller.store.sightedSinceMs === undefined ? 0 : 1),
  ]);

  const channels = new ChannelController({
    kube,
    log: log.child({ part: 'channels' }),
    recorder,
    store: controller.store,
    policy,
    userAgent: `autopilot/${AUTOPILOT_VERSION}`,
    signal: watches.signal,
  });
  metrics.watch(() => {
    const configs = [...channels.configs.values()];
    return channelSamples(
      configs.map(({ status }) => status),
      Date.now(),
    );
  });

  /** What it cannot go on with: it ends in good order, and then with this. */
  let fault: OrchestratorError | undefined;
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const endWith = (reason: OrchestratorError) => {
    fault ??= reason;
    resolve();
  };
  if (stop.aborted) resolve();
  stop.addEventListener('abort', () => resolve(), { once: true });

  let term = 0;
  /** The epoch that is acted with, while it is. */
  let acting: number | undefined;
  /** The transitions of the Lease that was last handed over. */
  let handedOver: number | undefined;
  let isHandingOver = false;
  const leader = startLeader({
    kube,
    identity,
    log,
    onChange: (leadership) => {
      term++;
      void follow(leadership, term);
    },
  });

  /** Begins to act only with everything at hand, and with an epoch above any that was ever used. */
  async function follow(leadership: Leadership, mine: number): Promise<void> {
    if (!leadership.leading) {
      if (acting !== undefined) metrics.count(leaderChange('ended'));
      acting = undefined;
      controller.standBy();
      channels.standBy();
      if (leadership.holder !== undefined && leadership.holder !== identity) {
        if (isHolderOfK0s(leadership.holder)) {
          const { holder } = leadership;
          log.warn({ holder }, "standing by, k0s's own Autopilot leads until it is switched off");
          controller.standBeside(holder);
        } else {
          log.info({ holder: leadership.holder }, 'standing by, another one leads');
          const two = secondInstallation(identity, leadership.holder);
          if (two !== undefined) endWith(new OrchestratorError('TwoInstallations', two));
        }
      } else if (leadership.problem !== undefined) {
        log.warn({ problem: leadership.problem }, 'cannot lead');
      }
      return;
    }
    // A renewal that fails, say, is news as well, and no reason to begin anew.
    if (acting === leadership.epoch || isHandingOver) return;
    try {
      await controller.store.synced();
      const least = controller.highestEpoch() + 1;
      const epoch = least > leadership.epoch ? await leader.raiseEpoch(least) : leadership.epoch;
      // Raising it is a change of its own, which follows up with the new epoch.
      if (mine !== term || !leader.current.leading) return;
      controller.standBy();
      channels.standBy();
      controller.lead(epoch, { alone: isAlone(handedOver, leadership.epoch) });
      channels.lead();
      acting = epoch;
      metrics.count(leaderChange('began'));
      log.info({ epoch }, 'acting');
    } catch (thrown) {
      log.warn({ error: messageOf(thrown) }, 'cannot begin to lead yet');
    }
  }

  async function handOver(): Promise<void> {
    if (acting === undefined || isHandingOver) return;
    isHandingOver = true;
    log.info({ host: ownHost }, 'the own host comes next, handing over');
    acting = undefined;
    metrics.count(leaderChange('ended'));
    controller.standBy();
    handedOver = (await leader.handOver(HAND_OVER_MS)) ?? handedOver;
    isHandingOver = false;
  }

  parts = { controller, leader };
  const following = followApiServers(kube, log, watches.signal);
  void kube
    .request<{ readonly gitVersion?: string }>('GET', '/version')
    .then(({ gitVersion = '' }) => {
      if (fitOfServer(gitVersion) === 'newer') {
        log.warn({ gitVersion, wanted: WANTED_SERVERS }, 'a newer API server than was tried');
      }
      if (fitOfServer(gitVersion) !== 'older') return;
      const message = `${kube.server} is Kubernetes ${gitVersion}, wanted ${WANTED_SERVERS}`;
      endWith(new OrchestratorError('UnsupportedServer', message));
    })
    // One that is away is waited for like everywhere else.
    .catch((thrown: unknown) => log.debug({ error: messageOf(thrown) }, 'version not read'));
  const stopChecking = checkOneself({ pulse, log, end: () => process.exit(1) });

  await stopped;
  stopChecking();
  log.info('stopping');
  controller.standBy();
  channels.standBy();
  // First of all: the next one begins at once, whatever else is to be ended here.
  await leader.stop();
  await recorder.flush();
  watches.abort(new Error('stopping'));
  await Promise.all([controller.store.stop(), channels.configs.ended, following]);
  await kube.close();
  await served?.close();
  if (fault !== undefined) throw fault;
}

function serveMetrics(
  config: OrchestratorConfig,
  rest: Pick<ServeOptions, 'metrics' | 'pulse' | 'log'>,
): Promise<Served | undefined> {
  const { metricsAddress: listen, metricsTokenFile: tokenFile } = config;
  const { metricsCertFile: certFile, metricsKeyFile: keyFile } = config;
  if (listen.kind === 'off') return Promise.resolve(undefined);
  const tls = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
  return serve({ listen, tokenFile, tls, ...rest });
}
