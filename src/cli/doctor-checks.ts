import { compareK0sVersions, parseK0sVersion } from '../api/k0s-version.ts';
import { fitOfServer, LEAST_MINOR, WANTED_SERVERS } from '../api/kubernetes-range.ts';
import { installationOf } from '../kube/installation-kind.ts';
import type { TrimmedControlNode } from '../kube/trim-control-node.ts';
import type { TrimmedNode } from '../kube/trim-node.ts';
import { agentStanding, reportAgeMs } from '../plans/agent-standing.ts';
import { clusterPolicy } from '../plans/cluster-policy.ts';
import { nodesOfControllers } from '../plans/hybrid.ts';
import type { TrimmedUpdatePolicy } from '../plans/trim-update-policy.ts';
import { countText, durationText, namesText } from './print-text.ts';

/**
 * - `well`: as it should be
 * - `odd`: it works; somebody should look
 * - `bad`: updates do not work, or not safely, until it is mended
 * - `unknown`: it could not be looked at
 */
export type Level = 'well' | 'odd' | 'bad' | 'unknown';

export interface Diagnosis {
  readonly check: string;
  readonly level: Level;
  /** What was found. */
  readonly message: string;
  /** What to type or to do; absent where all is well. */
  readonly fix?: string;
}

/** Something that was asked for: found, not there, or not ours to see. */
export type Seen<T> =
  | { readonly kind: 'seen'; readonly value: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'hidden'; readonly why: string };

export interface LeaseSeen {
  readonly holder: string;
  readonly renewedAtMs: number;
  readonly durationMs: number;
}

export interface CertificateSeen {
  /** `client certificate of the kubeconfig`, `API server 10.0.0.1:6443`. */
  readonly of: string;
  readonly endsAtMs: number;
}

/** What an UpdateConfig says of itself. */
export interface ConfigSeen {
  readonly name: string;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string | undefined;
    readonly message?: string | undefined;
  }[];
}

/** How far the clock of a host is ahead of the API server's, when that stored what the host had stamped. */
export interface ClockSeen {
  readonly name: string;
  readonly aheadMs: number;
}

/** All that is read before anything is judged; times in epoch milliseconds. */
export interface DoctorFacts {
  readonly nowMs: number;
  readonly serverNowMs: number | undefined;
  /** Of this program. */
  readonly version: string;
  /** `v1.36.3+k0s` */
  readonly serverVersion: string;
  /** Our kinds, by the name of their CRD; the value says which of our fields it lacks. */
  readonly kinds: ReadonlyMap<string, Seen<readonly string[]>>;
  /** Policies of admission and their bindings; the value says what is odd about one. */
  readonly admission: ReadonlyMap<string, Seen<string | undefined>>;
  /** What this release ships, by its name; the value is the first field that is otherwise. */
  readonly installation: ReadonlyMap<string, Seen<string | undefined>>;
  /** What the identity of the orchestrator may not do. */
  readonly missingRights: Seen<readonly string[]>;
  /** What the agent of a controller may not do. */
  readonly missingAgentRights: Seen<readonly string[]>;
  /** Orchestrators that run as a Deployment: how many are wanted; undefined where there is none. */
  readonly deployment: number | undefined;
  readonly lease: Seen<LeaseSeen>;
  readonly nodes: readonly TrimmedNode[];
  readonly controlNodes: readonly TrimmedControlNode[];
  readonly updatePolicy: TrimmedUpdatePolicy | undefined;
  readonly updateConfigs: readonly ConfigSeen[];
  readonly nodeClocks: readonly ClockSeen[];
  readonly quarantined: readonly string[];
  readonly certificates: readonly CertificateSeen[];
}

const CLOCK_TOLERANCE_MS = 5_000;
const GONE_AFTER_MS = 3_600_000;
const CERTIFICATE_SOON_MS = 30 * 86_400_000;
const NAMES_SHOWN = 5;
/** Ours; that of k0s's own Autopilot has no such ending. */
const OUR_IDENTITY = /_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const APPLY = 'autopilot manifests | kubectl apply --server-side --force-conflicts -f -';

/** Everything that is wrong with an installation, and what is right, in the order in which it is to be mended. */
export function examine(facts: DoctorFacts): Diagnosis[] {
  return [
    apiServer(facts),
    kinds(facts),
    admission(facts),
    installation(facts),
    rights(facts),
    leader(facts),
    twoInstallations(facts),
    agents(facts),
    agentVersions(facts),
    goneControllers(facts),
    skew(facts),
    policy(facts),
    channels(facts),
    quarantine(facts),
    clocks(facts),
    certificates(facts),
  ];
}

function apiServer({ serverVersion }: DoctorFacts): Diagnosis {
  const check = 'API server';
  switch (fitOfServer(serverVersion)) {
    case 'unknown':
      return { check, level: 'unknown', message: `it says it is ${serverVersion || 'nothing'}` };
    case 'older':
      return {
        ...{ check, level: 'bad' },
        message: `it is ${serverVersion}, wanted v1.${LEAST_MINOR} or newer: admission policies are not there before`,
        fix: 'update the controllers by hand to a supported version first',
      };
    case 'newer':
      return {
        ...{ check, level: 'odd' },
        message: `it is ${serverVersion}, this release was tried with ${WANTED_SERVERS}`,
        fix: 'take a newer release of Autopilot (docs/usage/upgrade.md)',
      };
    case 'fits':
      return { check, level: 'well', message: serverVersion };
  }
}

function kinds({ kinds: known }: DoctorFacts): Diagnosis {
  const check = 'kinds';
  const absent = [...known].filter(([, seen]) => seen.kind === 'absent').map(([name]) => name);
  if (absent.length > 0) {
    return {
      ...{ check, level: 'bad', fix: APPLY },
      message: `not there: ${namesText(absent, NAMES_SHOWN)}`,
    };
  }
  const old = [...known].flatMap(([name, seen]) =>
    seen.kind === 'seen' && seen.value.length > 0 ? [`${name} lacks ${seen.value.join(', ')}`] : [],
  );
  if (old.length > 0) {
    return {
      ...{ check, level: 'bad', fix: APPLY },
      message: `of k0s itself, or of an older release: ${old.join('; ')}`,
    };
  }
  return hiddenOr(check, known, `all ${known.size} are ours`);
}

function admission({ admission: known }: DoctorFacts): Diagnosis {
  const check = 'admission';
  const absent = [...known].filter(([, seen]) => seen.kind === 'absent').map(([name]) => name);
  if (absent.length > 0) {
    return {
      ...{ check, level: 'bad', fix: APPLY },
      message: `not there: ${namesText(absent, NAMES_SHOWN)}; the rights of agents are too wide without`,
    };
  }
  const odd = [...known].flatMap(([name, seen]) =>
    seen.kind === 'seen' && seen.value !== undefined ? [`${name}: ${seen.value}`] : [],
  );
  if (odd.length > 0) {
    return {
      ...{ check, level: 'bad', fix: APPLY },
      message: odd.join('; '),
    };
  }
  return hiddenOr(check, known, `${known.size} policies and bindings deny what they must`);
}

/** Where nothing was found amiss: is that because nothing could be seen? */
function hiddenOr(
  check: string,
  known: ReadonlyMap<string, Seen<unknown>>,
  well: string,
): Diagnosis {
  const hidden = [...known.values()].find((seen) => seen.kind === 'hidden');
  return hidden === undefined
    ? { check, level: 'well', message: well }
    : { check, level: 'unknown', message: hidden.why };
}

/** Of another release, or changed by hand: whole objects, where the checks above ask for what nothing works without. */
function installation({ installation: known }: DoctorFacts): Diagnosis {
  const check = 'manifests';
  const absent = [...known].filter(([, seen]) => seen.kind === 'absent').map(([name]) => name);
  const other = [...known].flatMap(([name, seen]) =>
    seen.kind === 'seen' && seen.value !== undefined ? [`${name} (${seen.value})`] : [],
  );
  if (absent.length + other.length === 0) {
    if (known.size === 0) {
      return { check, level: 'unknown', message: 'those of this release are not at hand' };
    }
    return hiddenOr(check, known, `all ${known.size} are as this release ships them`);
  }
  const told = [
    ...(absent.length > 0 ? [`not there: ${namesText(absent, NAMES_SHOWN)}`] : []),
    ...(other.length > 0 ? [`not as this release ships: ${namesText(other, NAMES_SHOWN)}`] : []),
  ];
  return { ...{ check, level: 'odd', fix: APPLY }, message: told.join('; ') };
}

function rights({ missingRights, missingAgentRights }: DoctorFacts): Diagnosis {
  const check = 'rights';
  const asked = [
    ['autopilot:orchestrator', missingRights] as const,
    ['the agent of a controller', missingAgentRights] as const,
  ];
  const told = asked.flatMap(([who, seen]) =>
    seen.kind === 'seen' && seen.value.length > 0
      ? [`${who} may not ${namesText(seen.value, NAMES_SHOWN)}`]
      : [],
  );
  if (told.length > 0) return { ...{ check, level: 'bad', fix: APPLY }, message: told.join('; ') };
  const unseen = asked.find(([, seen]) => seen.kind !== 'seen')?.[1];
  if (unseen !== undefined) {
    const message = unseen.kind === 'hidden' ? unseen.why : 'not asked';
    return { check, level: 'unknown', message };
  }
  return { check, level: 'well', message: 'orchestrator and agents may do what they must' };
}

function leader({ lease, serverNowMs, nowMs }: DoctorFacts): Diagnosis {
  const check = 'leader';
  const start =
    'start an orchestrator: systemctl status autopilot on the controllers (autopilot-controller where it is alone), or its Deployment';
  if (lease.kind === 'hidden') return { check, level: 'unknown', message: lease.why };
  if (lease.kind === 'absent' || lease.value.holder === '') {
    return { check, level: 'bad', message: 'nobody leads, so that no Plan is begun', fix: start };
  }
  const { holder, renewedAtMs, durationMs } = lease.value;
  if (!OUR_IDENTITY.test(holder)) {
    return {
      ...{ check, level: 'bad' },
      message: `${holder} holds the Lease, which is none of ours: the Autopilot of k0s is still on`,
      fix: 'run every k0s controller with --disable-components=autopilot (docs/usage/install.md)',
    };
  }
  const silentMs = (serverNowMs ?? nowMs) - renewedAtMs;
  if (silentMs > 2 * durationMs) {
    return {
      ...{ check, level: 'bad', fix: start },
      message: `${holder} held the Lease and has not renewed it for ${durationText(silentMs)}`,
    };
  }
  return { check, level: 'well', message: holder };
}

/** Orchestrators on hosts beside a Deployment of them: two to be updated, and two that a person has to think of. */
function twoInstallations({ deployment, lease }: DoctorFacts): Diagnosis {
  const check = 'installations';
  const holder = lease.kind === 'seen' ? lease.value.holder : '';
  const leads = OUR_IDENTITY.test(holder) ? installationOf(holder) : undefined;
  if (deployment === undefined || deployment === 0) {
    return leads === 'Deployment'
      ? {
          ...{ check, level: 'odd', message: `${holder} leads, of a Deployment that is not there` },
          fix: 'see what runs it: kubectl get pods -n k0s-autopilot -o wide',
        }
      : { check, level: 'well', message: 'one: orchestrators on hosts' };
  }
  if (leads !== 'hosts') return { check, level: 'well', message: 'one: a Deployment' };
  return {
    ...{ check, level: 'bad' },
    message: `two in this cluster: ${holder} leads, on a host, beside Deployment k0s-autopilot/autopilot-orchestrator`,
    fix: 'keep one of them: kubectl delete deployment -n k0s-autopilot autopilot-orchestrator, or on each host: autopilot uninstall, then autopilot install agent',
  };
}

function hostsOf({ nodes, controlNodes }: DoctorFacts) {
  const ofControllers = nodesOfControllers(controlNodes, nodes);
  return [
    ...controlNodes.map((host) => ({ host, role: 'controller' as const })),
    ...nodes
      .filter(({ name }) => !ofControllers.has(name))
      .map((host) => ({ host, role: 'worker' as const })),
  ];
}

function agents(facts: DoctorFacts): Diagnosis {
  const check = 'agents';
  const gone = new Set(facts.controlNodes.filter((one) => isGone(one, facts.serverNowMs)));
  // Those are told of apart.
  const hosts = hostsOf(facts).filter(({ host }) => !gone.has(host as TrimmedControlNode));
  const of = (kind: 'missing' | 'stale') =>
    hosts
      .filter(({ host }) => agentStanding(host, facts.serverNowMs).kind === kind)
      .map(({ host }) => host.name);
  const [missing, stale] = [of('missing'), of('stale')];
  const stuck = hosts.flatMap(({ host: { name, report } }) =>
    report.kind === 'valid' && !report.value.host.writable ? [name] : [],
  );
  if (hosts.length === 0) {
    return { check, level: 'bad', message: 'no host is known: neither a Node nor a ControlNode' };
  }
  const told = [
    ...(missing.length > 0 ? [`none reports from ${namesText(missing, NAMES_SHOWN)}`] : []),
    ...(stale.length > 0 ? [`silent for too long on ${namesText(stale, NAMES_SHOWN)}`] : []),
    ...(stuck.length > 0 ? [`cannot write beside k0s on ${namesText(stuck, NAMES_SHOWN)}`] : []),
  ];
  return told.length === 0
    ? { check, level: 'well', message: `all ${hosts.length} report` }
    : {
        ...{ check, level: 'bad', message: told.join('; ') },
        fix: 'on the host: systemctl status autopilot-agent; a Plan that reaches it is refused (docs/usage/agent.md)',
      };
}

function agentVersions(facts: DoctorFacts): Diagnosis {
  const check = 'versions';
  const behind = new Map<string, string[]>();
  for (const { host } of hostsOf(facts)) {
    if (host.report.kind !== 'valid') continue;
    const { version } = host.report.value.agent;
    if (version === facts.version) continue;
    behind.set(version, [...(behind.get(version) ?? []), host.name]);
  }
  if (behind.size === 0) return { check, level: 'well', message: `everything is ${facts.version}` };
  const told = [...behind].map(
    ([version, names]) => `${version} on ${namesText(names, NAMES_SHOWN)}`,
  );
  return {
    ...{ check, level: 'odd', message: `this is ${facts.version}; agents are ${told.join(', ')}` },
    fix: 'one release apart is tested; install the same release everywhere soon',
  };
}

function goneControllers({ controlNodes, serverNowMs }: DoctorFacts): Diagnosis {
  const check = 'ControlNodes';
  const gone = controlNodes.filter((one) => isGone(one, serverNowMs));
  if (gone.length === 0) {
    return { check, level: 'well', message: countText(controlNodes.length, 'controller') };
  }
  const names = gone.map(({ name }) => name);
  return {
    ...{ check, level: 'bad' },
    message: `nothing was heard for an hour of ${namesText(names, NAMES_SHOWN)}: a controller that is gone keeps all others from being updated`,
    fix: `where the machine is gone for good: kubectl delete controlnode ${names.slice(0, NAMES_SHOWN).join(' ')}`,
  };
}

function isGone(one: TrimmedControlNode, serverNowMs: number | undefined): boolean {
  return (reportAgeMs(one, serverNowMs) ?? 0) > GONE_AFTER_MS;
}

function skew({ nodes, serverVersion }: DoctorFacts): Diagnosis {
  const check = 'skew';
  const api = parseK0sVersion(fullOf(serverVersion));
  const newer = nodes.filter(({ kubeletVersion }) => {
    const kubelet = parseK0sVersion(fullOf(kubeletVersion));
    return api !== undefined && kubelet !== undefined && compareK0sVersions(kubelet, api) > 0;
  });
  return newer.length === 0
    ? { check, level: 'well', message: `no kubelet is newer than ${serverVersion}` }
    : {
        ...{ check, level: 'bad' },
        message: `kubelets newer than the API server (${serverVersion}): ${namesText(
          newer.map(({ name, kubeletVersion }) => `${name} ${kubeletVersion}`),
          NAMES_SHOWN,
        )}`,
        fix: 'update the controllers to that version, with a Plan that names controllers alone',
      };
}

/** Kubelets and API servers leave k0s's build number out: v1.36.3+k0s. */
function fullOf(version: string): string {
  return version.endsWith('+k0s') ? `${version}.0` : version;
}

function policy({ updatePolicy }: DoctorFacts): Diagnosis {
  const check = 'policy';
  if (updatePolicy === undefined) {
    return { check, level: 'well', message: 'no UpdatePolicy/default: the defaults hold' };
  }
  const { flaw, pausedBy } = clusterPolicy({}, updatePolicy);
  if (flaw !== undefined) {
    const fix = 'kubectl edit updatepolicy default';
    return { check, level: 'bad', message: `nothing new is begun: ${flaw}`, fix };
  }
  return pausedBy === undefined
    ? { check, level: 'well', message: 'UpdatePolicy/default can be met' }
    : {
        ...{ check, level: 'odd', message: `nothing new is begun: ${pausedBy}` },
        fix: `kubectl patch updatepolicy default --type merge -p '{"spec":{"paused":false}}'`,
      };
}

function channels({ updateConfigs }: DoctorFacts): Diagnosis {
  const check = 'channels';
  if (updateConfigs.length === 0) {
    return { check, level: 'well', message: 'none is followed: Plans are written by people' };
  }
  const wrong = updateConfigs.flatMap(({ name, conditions }) => {
    const no = conditions.find(
      ({ type, status }) => (type === 'Accepted' || type === 'Followed') && status === 'False',
    );
    if (no !== undefined) return [`${name}: ${no.reason}: ${no.message}`];
    return conditions.length === 0 ? [`${name}: nobody has looked at it`] : [];
  });
  return wrong.length === 0
    ? { check, level: 'well', message: `${updateConfigs.length} followed` }
    : {
        ...{ check, level: 'odd', message: wrong.join('; ') },
        fix: 'autopilot channel status; what each reason means: docs/usage/runbooks.md',
      };
}

function quarantine({ quarantined }: DoctorFacts): Diagnosis {
  const check = 'quarantine';
  return quarantined.length === 0
    ? { check, level: 'well', message: 'empty' }
    : {
        ...{ check, level: 'odd' },
        message: `kept from every Plan: ${namesText(quarantined, NAMES_SHOWN)}`,
        fix: 'kubectl get quarantinedartifacts says why; delete one to let it be tried again',
      };
}

/** Only what would be felt: ages are taken by the API server's clock, windows by the leader's. */
function clocks({ nowMs, serverNowMs, lease, nodeClocks }: DoctorFacts): Diagnosis {
  const check = 'clocks';
  if (serverNowMs === undefined)
    return { check, level: 'unknown', message: 'no answer has a date' };
  const told: string[] = [];
  if (Math.abs(nowMs - serverNowMs) > CLOCK_TOLERANCE_MS) {
    told.push(`this machine ${offText(nowMs - serverNowMs)} the API server`);
  }
  if (lease.kind === 'seen' && lease.value.renewedAtMs - serverNowMs > CLOCK_TOLERANCE_MS) {
    told.push(`the leader ${offText(lease.value.renewedAtMs - serverNowMs)} the API server`);
  }
  const off = nodeClocks.filter(({ aheadMs }) => Math.abs(aheadMs) > CLOCK_TOLERANCE_MS);
  if (off.length > 0) {
    const names = off.map(({ name, aheadMs }) => `${name} ${offText(aheadMs)} the API server`);
    told.push(namesText(names, NAMES_SHOWN));
  }
  return told.length === 0
    ? { check, level: 'well', message: 'agree within a few seconds' }
    : {
        ...{ check, level: 'odd', message: told.join('; ') },
        fix: 'let NTP keep the clocks: windows open and Leases run out by them',
      };
}

function offText(ms: number): string {
  return `is ${durationText(Math.abs(ms))} ${ms > 0 ? 'ahead of' : 'behind'}`;
}

function certificates({ certificates: all, nowMs, serverNowMs }: DoctorFacts): Diagnosis {
  const check = 'certificates';
  const leftMs = ({ endsAtMs }: CertificateSeen) => endsAtMs - (serverNowMs ?? nowMs);
  const soon = all.filter((one) => leftMs(one) < CERTIFICATE_SOON_MS);
  if (all.length === 0) return { check, level: 'unknown', message: 'none could be seen' };
  if (soon.length === 0) {
    const first = Math.min(...all.map(leftMs));
    return {
      check,
      level: 'well',
      message: `the first of ${all.length} ends in ${durationText(first)}`,
    };
  }
  const told = soon.map((one) =>
    leftMs(one) <= 0 ? `${one.of} has ended` : `${one.of} ends in ${durationText(leftMs(one))}`,
  );
  return {
    ...{ check, level: soon.some((one) => leftMs(one) <= 0) ? 'bad' : 'odd' },
    message: told.join('; '),
    fix: 'k0s renews its own when a controller is restarted; make kubeconfigs anew with: k0s kubeconfig create',
  };
}
