import { existsSync } from 'node:fs';
import pino from 'pino';
import { ANNOTATION } from '../api/meta.ts';
import { messageOf } from '../errors.ts';
import { shrink } from '../lean-linux.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import { Agent } from './agent.ts';
import { ApiClient } from './api-client.ts';
import { backoffMs } from './backoff.ts';
import {
  AGENT_USAGE,
  type AgentConfig,
  AgentConfigError,
  type AgentFlags,
  agentConfigOf,
  parseAgentFlags,
} from './config.ts';
import type { Host, K0sStatus } from './host.ts';
import { readHostFacts } from './host-facts.ts';
import { linuxHost } from './host-linux.ts';
import { lockHost } from './host-lock-linux.ts';
import { HostPolicyStore } from './host-policy-store.ts';
import { knowHost } from './known-host-linux.ts';
import { KubeconfigStore } from './kubeconfig-store.ts';
import { type Layout, layoutOf } from './layout.ts';
import { followObject } from './object-watch-client.ts';
import { OnceRun } from './once-run.ts';
import { viewOrder } from './order-view.ts';
import { annotationOf, ownObject } from './own-object.ts';
import { Bell, pause } from './pause.ts';
import { Reporter } from './report-client.ts';
import { serviceManagerOf } from './service-client.ts';
import { NoK0sUnitError } from './service-find-client.ts';
import { runSettle } from './settle-linux.ts';

/** Between the end of an order and giving back the memory that it took. */
const REST_MS = 15_000;
const REQUEST_TIMEOUT_MS = 10_000;
const WATCH_SILENCE_MS = 150_000;
const TICK_BACKOFF = { firstMs: 500, capMs: 5000 };
/** A trouble that lasts is logged again after so long, not at each attempt. */
const SAME_TROUBLE_MS = 60_000;

/**
 * Runs the agent until `signal` is aborted, or, with `--once`, until there is nothing to do now.
 * @returns the exit code: 0 when it was stopped or is done, 1 where another agent has the host, 2 when the
 *   command line cannot be used here
 */
export async function runAgent(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const [command, ...rest] = argv;
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(AGENT_USAGE);
    return 0;
  }
  try {
    if (command === 'settle') return await settleHost(parseAgentFlags(rest));
    const flags = parseAgentFlags(argv);
    const config = agentConfigOf(flags, await knowHost(flags, process.env));
    const unlock = await lockHost(config.stateDir);
    if (unlock === undefined) {
      const message = `another agent runs on this host with the state folder ${config.stateDir}`;
      process.stderr.write(`autopilot agent: ${message}; stop it first\n`);
      return 1;
    }
    await runConfigured(config, signal);
    await unlock();
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof AgentConfigError || thrown instanceof NoK0sUnitError)) throw thrown;
    process.stderr.write(`autopilot agent: ${thrown.message}\n\n${AGENT_USAGE}`);
    return 2;
  }
}

interface OwnHost {
  readonly host: Host;
  readonly layout: Layout;
  readonly policy: HostPolicyStore;
}

/** The one place where the host is made. */
async function hostOf(config: AgentConfig): Promise<OwnHost> {
  const { binary, stateDir, dataDir } = config;
  const policy = await HostPolicyStore.open(config.policyFile);
  const { backupFolder } = policy.current;
  return {
    policy,
    layout: layoutOf({ binary, stateFolder: stateDir, dataFolder: dataDir, backupFolder }),
    host: linuxHost({
      binary,
      dataFolder: dataDir,
      statusSocket: config.statusSocket,
      downloadRules: () => policy.current.download,
      service: serviceManagerOf(config.service),
    }),
  };
}

async function settleHost(flags: AgentFlags): Promise<number> {
  const { journal } = layoutOf({ binary: '/', stateFolder: flags.stateDir });
  return runSettle(flags, existsSync(journal), async () => {
    // whose object is ours, and how the API is reached, is nothing that k0s's start could wait for
    const enough = { ...flags, role: flags.role ?? 'worker', kubeconfig: '/' } as const;
    return hostOf(agentConfigOf(enough, await knowHost(flags, process.env)));
  });
}

async function runConfigured(config: AgentConfig, signal: AbortSignal): Promise<void> {
  const log = pino({ level: config.logLevel, base: { node: config.name } });
  const { host, layout, policy } = await hostOf(config);
  const kubeconfig = new KubeconfigStore(config.kubeconfig, config.servers);
  const api = new ApiClient({
    credential: () => kubeconfig.credential(),
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    watchSilenceMs: WATCH_SILENCE_MS,
  });
  const own = ownObject(config.role, config.name);
  const bell = new Bell();
  const { random } = Math;
  const onTrouble = quietly((message) => log.warn({ message }, 'the API cannot be used now'));

  const once =
    config.once && new OnceRun({ ...config.once, monotonicMs, signal: () => agent.signal() });
  const agent: Agent = await Agent.open({
    host,
    layout,
    policy,
    platform: platform(),
    random,
    log: (level, data, sentence) => log[level](data, sentence),
    onNews(urgency) {
      reporter.notify(urgency);
      once?.news();
    },
  });
  let heard: string | undefined | null = null;
  const reporter: Reporter = new Reporter({
    api,
    own,
    heartbeatMs: config.heartbeatMs,
    random,
    monotonicMs,
    onTrouble,
    onObject(object) {
      once?.see(object);
      // an object that is gone says nothing about its order: it will be created anew, and found empty
      if (object === undefined) return;
      const text = annotationOf(object, ANNOTATION.order);
      if (text === heard) return;
      heard = text;
      const view = viewOrder(text);
      if (view.kind === 'invalid') log.warn({ message: view.message }, 'an order cannot be read');
      agent.hear(view);
      bell.ring();
    },
    async build() {
      const status = await host.k0s.status();
      const facts = await readHostFacts(host, layout, platform(), agent.journal, status);
      const signalNow = agent.signal();
      return {
        report: {
          v: 1,
          agent: {
            version: AUTOPILOT_VERSION,
            heartbeatMs: config.heartbeatMs,
            mode: config.once === undefined ? 'watch' : 'poll',
            beat: 0,
          },
          host: facts,
          ...(signalNow && { signal: signalNow }),
        },
        controlNode:
          config.role === 'worker'
            ? undefined
            : {
                name: config.name,
                nodeName: config.nodeName,
                mode: modeOf(config, status),
                platform: platform(),
                apiAddress:
                  config.apiAddress ?? (status.kind === 'answers' ? status.apiAddress : undefined),
                k0sVersion: facts.k0sVersion,
              },
      };
    },
  });

  log.info(
    { role: config.role, binary: config.binary, version: AUTOPILOT_VERSION },
    'the agent starts',
  );
  const onObject = reporter.see.bind(reporter);
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const why = once?.untilOver(until).finally(() => over.abort());
  await Promise.all([
    work(agent, bell, log, once, until),
    reporter.run(until),
    followObject({ api, own, random, onObject, onTrouble }, until),
  ]);
  api.close();
  log.info(ENDS[(await why) ?? 'stopped']);
}

/** The unit may have been changed since we read it; what runs is what counts. */
function modeOf({ mode, isModeSaid }: AgentConfig, status: K0sStatus): AgentConfig['mode'] {
  if (isModeSaid || status.kind !== 'answers' || status.workloads === undefined) return mode;
  return status.workloads ? 'controller+worker' : 'controller';
}

const ENDS = {
  stopped: 'the agent has been stopped',
  done: 'there is nothing more to do now',
  unreachable: 'the API is out of reach and nothing is open here: the next run tries again',
} as const;

/** Settles what is open from the first moment on, whether or not the API can be heard. */
async function work(
  agent: Agent,
  bell: Bell,
  log: pino.Logger,
  once: OnceRun | undefined,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  let hasWorked = false;
  while (!signal.aborted) {
    try {
      const { waitMs } = await agent.tick(signal);
      failures = 0;
      once?.rests(waitMs === Number.POSITIVE_INFINITY);
      hasWorked ||= agent.journal.signal !== undefined;
      if (hasWorked && agent.journal.signal === undefined && waitMs > REST_MS) {
        // The last report has to be on its way first. An order that comes meanwhile rings the bell.
        await bell.wait(REST_MS, signal);
        if (agent.isAtRest && once === undefined) shrink();
        hasWorked = false;
        continue;
      }
      if (waitMs > 0) await bell.wait(waitMs, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      failures++;
      const message = messageOf(thrown);
      log.error({ message, failures }, 'a step failed and is tried again');
      agent.stumble(message);
      await pause(backoffMs(failures, { ...TICK_BACKOFF, random: Math.random }), signal);
    }
  }
}

/** Lets a message through once, and again when it changes or has lasted. */
function quietly(say: (message: string) => void): (message: string) => void {
  let last = '';
  let lastAtMs = Number.NEGATIVE_INFINITY;
  return (message) => {
    const nowMs = monotonicMs();
    if (message === last && nowMs - lastAtMs < SAME_TROUBLE_MS) return;
    last = message;
    lastAtMs = nowMs;
    say(message);
  };
}

/** Not performance.now(): asking for it loads a part of Node that we have no other use for. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** As k0s names platforms. */
function platform(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return `${process.platform}-${arch}`;
}
