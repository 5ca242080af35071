import { ANNOTATION, BASELINE_LABEL, LEADER_LEASE, NAMESPACE } from '../api/meta.ts';
import type { Backup, Role } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import { VERBS } from '../api/requests.ts';

/** What a piece of advice is about: names for its commands. */
export interface About {
  readonly plan: string;
  /** The target that it is about; undefined: the Plan as a whole. */
  readonly target?:
    | {
        readonly role: Role;
        readonly name: string;
        /** Of the Node of a ControlNode, where it differs. */
        readonly nodeName?: string;
      }
    | undefined;
  /** What the condition or the target says. */
  readonly message: string;
  readonly backup?: Backup | undefined;
}

interface Advice {
  /** What a person can do, in one sentence; empty where there is nothing to be done. */
  readonly fix: string;
  /** What to type, in that order. */
  readonly next: (about: About) => readonly string[];
}

const nothing = { fix: '', next: () => [] };
const waits = (next: Advice['next']): Advice => ({
  fix: 'It goes on by itself; to see what it does:',
  next,
});

const planYamlOf = (plan: string) => `kubectl get plan ${plan} -o yaml`;
const planYaml = ({ plan }: About) => planYamlOf(plan);
const editPlan = ({ plan }: About) => `kubectl edit plan ${plan}`;
const retry = ({ plan }: About) => `autopilot retry ${plan}`;
const follow = ({ plan }: About) => `kubectl get plan ${plan} --watch`;
const editPolicy = () => 'kubectl edit updatepolicy default';
const showPolicy = () => 'kubectl get updatepolicy default -o yaml';
const listNodes = () => 'kubectl get nodes --show-labels';
const listControllers = () => 'kubectl get controlnodes --show-labels';
const listBaselines = () => `kubectl get configmaps -n ${NAMESPACE} -l ${BASELINE_LABEL}`;
const lease = () => `kubectl get lease -n ${NAMESPACE} ${LEADER_LEASE} -o yaml`;

/** The object of the target, as kubectl takes it. */
function object({ target }: About): string {
  if (target === undefined) return 'nodes';
  return `${target.role === 'worker' ? 'node' : 'controlnode'} ${target.name}`;
}
const describe = (about: About) => `kubectl describe ${object(about)}`;
function report(about: About): string {
  const annotation = '{.metadata.annotations.autopilot\\.k0sproject\\.io/report}';
  const path =
    about.target === undefined ? `{range .items[*]}${annotation}{"\\n"}{end}` : annotation;
  return `kubectl get ${object(about)} -o jsonpath='${path}'`;
}
function onHost({ target }: About, command: string): string {
  return `${command}  # on ${target === undefined ? 'the host' : `host ${target.name}`}`;
}
const agentLog = (about: About) => onHost(about, 'journalctl -u autopilot-agent -n 100');
const agentState = (about: About) => onHost(about, 'systemctl status autopilot-agent');
const agentPolicy = (about: About) => onHost(about, 'cat /etc/autopilot/agent.yaml');
const agentRestart = (about: About) => onHost(about, 'systemctl restart autopilot-agent');
function k0sLog(about: About): string {
  const unit = about.target?.role === 'controller' ? 'k0scontroller' : 'k0sworker';
  return onHost(about, `journalctl -u ${unit} -n 100`);
}
const space = (about: About) => onHost(about, 'df -h /usr/local/bin /var/lib/k0s');

/** `shop/web-1: budget web allows no disruption now (...)`, as a drain says what blocks it. */
const BLOCKED_POD = /(?:^|[\s:])([a-z0-9-]+)\/([a-z0-9.-]+): (?:budget ([a-z0-9.-]+) )?/;

/** `; web-3 of the same ReplicaSet fits nowhere: ...` */
const PENDING_POD = /; (\S+) (?:of the same \S+ )?fits nowhere: /;
/** A rule of the policy leaves the pod alone, and a person is to do it. */
const LEFT_ALONE = /\(drain\.\w+: Block\)/;

function drainCommands(about: About): string[] {
  const [, namespace, pod, budget] = BLOCKED_POD.exec(about.message) ?? [];
  const [, pending] = PENDING_POD.exec(about.message) ?? [];
  const node = about.target?.nodeName ?? about.target?.name;
  return [
    ...(namespace === undefined || budget === undefined
      ? []
      : [`kubectl describe pdb -n ${namespace} ${budget}`]),
    ...(namespace === undefined ? [] : [`kubectl describe pod -n ${namespace} ${pod}`]),
    ...(namespace === undefined || pending === undefined
      ? []
      : [`kubectl describe pod -n ${namespace} ${pending}`]),
    ...(namespace === undefined || !LEFT_ALONE.test(about.message)
      ? []
      : [`kubectl delete pod -n ${namespace} ${pod}`]),
    node === undefined
      ? 'kubectl get pods -A -o wide'
      : `kubectl get pods -A -o wide --field-selector spec.nodeName=${node}`,
  ];
}

/** `flowschemas.flowcontrol.apiserver.k8s.io v1beta3 has been removed`, as preflight says it. */
const REMOVED_API = /\b([a-z]+)\.([a-z0-9.]+) (v\w+) has been removed/g;

/** `Job k0s-autopilot/autopilot-warm-0123456789`, as hooks and gates name theirs. */
function jobCommands({ message }: About): string[] {
  const [, namespace, name] = /Job ([a-z0-9-]+)\/([a-z0-9-]+)/.exec(message) ?? [];
  if (namespace === undefined) return [`kubectl get jobs -n ${NAMESPACE}`];
  return [
    `kubectl describe job -n ${namespace} ${name}`,
    `kubectl logs -n ${namespace} job/${name} --all-containers`,
  ];
}

/** `disruption budget shop/web needs ...`, as preflight says it. */
function budgetCommands({ message }: About): string[] {
  const [, namespace, name] = /budget ([a-z0-9-]+)\/([a-z0-9.-]+)/.exec(message) ?? [];
  return namespace === undefined
    ? ['kubectl get pdb -A']
    : [`kubectl describe pdb -n ${namespace} ${name}`, `kubectl edit pdb -n ${namespace} ${name}`];
}

function readyz(about: About): string {
  const name = about.target?.name ?? /controller ([a-z0-9.-]+)/.exec(about.message)?.[1];
  return name === undefined
    ? 'kubectl get controlnodes -o wide'
    : `k0s kubectl get --raw /readyz?verbose  # on host ${name}`;
}

function controllerLog(about: About): string {
  const name = about.target?.name ?? /controller ([a-z0-9.-]+)/.exec(about.message)?.[1];
  return `journalctl -u k0scontroller -n 100  # on ${name === undefined ? 'that controller' : `host ${name}`}`;
}

function otherPlans(about: About): string[] {
  const [, names = ''] = /^Plan (.+?) runs first/.exec(about.message) ?? [];
  const first = names.split(', ')[0];
  return ['kubectl get plans', ...(first ? [`autopilot explain ${first}`] : [])];
}

const mendSpec = (fix: string): Advice => ({ fix, next: (about) => [editPlan(about)] });
const mendAndRetry = (fix: string, ...looks: readonly Advice['next'][]): Advice => ({
  fix,
  next: (about) => [...looks.flatMap((look) => look(about)), retry(about)],
});
const look = (...commands: readonly ((about: About) => string)[]): Advice['next'] => {
  return (about) => commands.map((command) => command(about));
};
/** Of an answer to a request, which has ended with it. */
const asked = (fix: string): Advice => ({ fix, next: look(follow) });

const mendChannel = (fix: string): Advice => ({
  fix,
  next: look(() => 'kubectl get updateconfigs -o yaml'),
});

/** For each reason what to do about it. A reason without a line here does not compile. */
export const ADVICE: Readonly<Record<Reason, Advice>> = {
  InvalidVersion: mendSpec('Write the version as k0s releases are called, such as v1.36.3+k0s.0.'),
  InvalidLimit: mendSpec('Set limits.concurrent to 1 or more.'),
  InvalidSelector: mendSpec('Mend the selector; it is written as kubectl takes it after -l.'),
  SelectorCannotMatch: {
    fix: 'Select controllers by labels that their ControlNodes carry, or by name; {} selects all.',
    next: look(listControllers, editPlan),
  },
  InvalidPolicy: {
    fix: 'Mend the field that is named: of the Plan in spec.policy, else in UpdatePolicy/default.',
    next: (about) => [about.message.includes('UpdatePolicy/') ? editPolicy() : editPlan(about)],
  },
  InvalidDigest: mendSpec('Give the sha256 as 64 hex digits, or leave it out.'),
  InvalidUrl: mendSpec('Give an address that begins with http:// or https://.'),
  InvalidSpec: mendSpec('Mend the field that is named.'),
  NoTargets: {
    fix: 'Name targets that exist, or mend the selector.',
    next: look(listNodes, listControllers, editPlan),
  },
  NodeMissing: {
    fix: 'Mend the name, or take it out of the list.',
    next: look(listNodes, listControllers, editPlan),
  },
  PlatformMissing: {
    fix: 'Add an artifact for the platform, or leave the node out.',
    next: look(listNodes, editPlan),
  },
  Quarantined: {
    fix: 'Take another release; or, once this one is known to be good, lift the quarantine.',
    next: (about) => [
      'kubectl get quarantinedartifacts',
      ...(/QuarantinedArtifact ([a-z0-9-]+)/.exec(about.message)?.slice(1, 2) ?? []).map(
        (name) => `kubectl delete quarantinedartifact ${name}`,
      ),
      editPlan(about),
    ],
  },
  AgentMissing: {
    fix: 'Install the agent there, or leave the node out of the Plan.',
    next: look(agentState, agentLog, report),
  },
  AgentStale: {
    fix: 'Find out why the agent is silent, and start it.',
    next: look(agentState, agentLog, agentRestart),
  },
  ControlNodeStale: {
    fix: 'If that host is gone for good, delete its ControlNode: nothing else does. If it is not, mend it.',
    next: look(listControllers, readyz),
  },
  NotDrained: {
    fix: 'Nothing has to be done: the pods stay on the node while k0s restarts beneath them.',
    next: look(follow),
  },
  HostNotWritable: {
    fix: 'Make the folder of the k0s binary writable for the agent.',
    next: look(agentLog, report),
  },
  DiskFull: mendAndRetry('Make room on the host.', look(space)),
  SkewTooWide: mendSpec(
    'Go through the minor version in between first, with a command of its own.',
  ),
  RemovedApiInUse: {
    fix: 'Store the objects anew under a version that stays, or delete them; of a k0supdate, forceupdate: true waives the check.',
    next: (about) => [
      ...[...about.message.matchAll(REMOVED_API)].map(
        ([, resource, group, version]) => `kubectl get ${resource}.${version}.${group} -A`,
      ),
      retry(about),
      editPlan(about),
    ],
  },
  KubeletTooNew: mendSpec('Update the controllers first, or in the same command.'),
  DowngradeRefused: mendSpec(
    'If it is meant, set forceupdate: true; have a backup of before that version.',
  ),
  BudgetNeverMet: {
    fix: 'Let the budget spare one pod, or run one replica more.',
    next: budgetCommands,
  },
  CommandEmpty: mendSpec('Give the command a k0supdate or an airgapupdate.'),
  CommandAmbiguous: mendSpec('Make them two commands.'),
  Paused: {
    fix: 'It goes on once the pause is let go, where it was set.',
    next: (about) => {
      if (about.message.includes('UpdatePolicy/')) {
        return [`kubectl patch updatepolicy default --type=merge -p '{"spec":{"paused":false}}'`];
      }
      if (about.message.includes('spec.policy.paused')) {
        return [
          `kubectl patch plan ${about.plan} --type=merge -p '{"spec":{"policy":{"paused":false}}}'`,
        ];
      }
      if (about.message.includes('policy file')) return [showPolicy()];
      return [`autopilot resume ${about.plan}`];
    },
  },
  WaitsForWindow: {
    fix: 'It goes on by itself when the window opens; for an update that cannot wait, change the windows.',
    next: look(showPolicy, editPolicy),
  },
  Frozen: {
    fix: 'It goes on by itself after the freeze; for an update that cannot wait, change the freezes.',
    next: look(showPolicy, editPolicy),
  },
  WaitsForApiCheck: {
    fix: 'It goes on once the orchestrator may list what the message names; apply deploy/rbac.yaml anew.',
    next: () => ['kubectl auth can-i --list --as autopilot:orchestrator'],
  },
  WaitsForControllers: waits(look(listControllers, follow)),
  WaitsForController: waits(look(listControllers, follow)),
  ControllerNotReady: {
    fix: 'Mend that controller, or name it among the targets: one that is down is updated first.',
    next: look(readyz, controllerLog),
  },
  WaitsForSlot: {
    fix: 'It goes on when a slot is free; nodes that are down or cordoned by others take one each: mend or uncordon them.',
    next: (about) => {
      const [, down] = /; ([^;]+) down or cordoned by others/.exec(about.message) ?? [];
      const nodes = down?.split(', ') ?? [];
      return [
        'kubectl get nodes',
        ...nodes
          .slice(0, 3)
          .flatMap((node) => [`kubectl describe node ${node}`, `kubectl uncordon ${node}`]),
      ];
    },
  },
  Soaking: {
    fix: 'It goes on by itself when the soak is over; for an update that cannot wait: batches.soak.',
    next: look(follow),
  },
  WaitsForOutlook: waits(look(follow)),
  WaitsForBudget: {
    fix: 'It goes on when the nodes under way are empty, or their pods run elsewhere.',
    next: budgetCommands,
  },
  WaitsForOtherPlan: {
    fix: 'It begins by itself after that one; see what holds that.',
    next: otherPlans,
  },
  WaitsForDownload: waits(look(report, agentLog)),
  WaitsForDrain: {
    fix: 'It goes on when the pods have gone, and is given up at its deadline; what blocks them can be helped.',
    next: drainCommands,
  },
  WaitsForBackup: waits(look(agentLog)),
  WaitsForDelivery: waits(look(report, agentLog)),
  WaitsForRestart: waits(look(k0sLog, report)),
  WaitsForHealth: {
    fix: 'It is kept or put back by itself at its deadline; to see why it is not healthy yet:',
    next: (about) => [
      about.target?.role === 'controller' ? readyz(about) : describe(about),
      k0sLog(about),
    ],
  },
  WaitsForReport: waits(look(report, agentLog)),
  WaitsForApproval: {
    fix: 'Look at what was done so far; then let it go on, or end it.',
    next: (about) => {
      const [, of] = / --of (\S+)/.exec(about.message) ?? [];
      const command = `autopilot approve ${about.plan}`;
      return [
        'kubectl get nodes',
        of === undefined ? command : `${command} --of ${of}`,
        `autopilot abort ${about.plan}`,
      ];
    },
  },
  WaitsForGate: waits(look(planYaml, showPolicy)),
  GateUnknown: {
    fix: 'It goes on once the gate can be asked, and fails at its deadline; see whether its address, query or object is right.',
    next: look(planYaml, showPolicy),
  },
  WaitsForHook: { fix: 'It goes on when the Job has succeeded.', next: jobCommands },
  WaitsForBaseline: {
    fix: 'Grant what the message names, or set workloads.mode: Off; otherwise it goes on by itself.',
    next: look(listBaselines, showPolicy),
  },
  WaitsForSettling: waits(look(follow, planYaml)),
  WaitsForPerson: {
    fix: 'Mend the controller so that it becomes healthy, and it is kept by itself; or restore the backup.',
    next: (about) => [
      readyz(about),
      k0sLog(about),
      ...(about.backup === undefined
        ? []
        : [`k0s restore ${about.backup.path}  # on host ${about.backup.node}, with k0s stopped`]),
    ],
  },
  HeldAfterFailure: {
    fix: 'Decide what becomes of it: try again, put back what was updated, or leave all as it stands.',
    next: ({ plan }) => [
      planYamlOf(plan),
      `autopilot retry ${plan}`,
      `autopilot rollback ${plan}`,
      `autopilot abort ${plan}`,
    ],
  },
  LeftByK0s: {
    fix: 'See what is true of each node; then let it go on from there, or leave it to the past.',
    next: ({ plan }) => [
      'autopilot adopt --check',
      `autopilot adopt --run ${plan}`,
      'autopilot adopt',
    ],
  },
  NotAdopted: {
    fix: 'If it is still wanted, run it; otherwise delete it, or leave it to the past.',
    next: ({ plan }) => [planYamlOf(plan), `autopilot adopt --run ${plan}`, 'autopilot adopt'],
  },
  KindsOverwritten: {
    fix: "Switch k0s's own Autopilot off on every controller, which writes its definitions anew; then apply ours.",
    next: () => ['autopilot adopt --check', 'kubectl apply -f crds/'],
  },
  NewGenerationWaits: waits(look(follow)),
  Resumed: nothing,
  Aborted: mendAndRetry('It was ended by a person; once it may go on:', look(planYaml)),
  Retried: nothing,
  Approved: nothing,
  NothingToApprove: asked('Wait until it is asked for, or name it with --of.'),
  UnknownVerb: asked(`Ask for one of ${VERBS.join(', ')}.`),
  UnknownArgument: asked('autopilot --help says what each verb takes.'),
  NotPaused: asked('There is nothing to resume; a policy may hold it all the same.'),
  NotRunning: asked('There is nothing under way to be asked for that.'),
  StillRunning: asked('Wait for its end, or abort it first.'),
  NothingFailed: asked('There is nothing to try again.'),
  RollingBack: waits(look(follow)),
  RolledBack: mendAndRetry(
    'What had been updated runs its old version again. Find out what is wrong with the release.',
    look(planYaml),
  ),
  RollbackFailed: {
    fix: 'See for each node that is named what keeps it; what has gone back stays so.',
    next: ({ plan }) => [planYamlOf(plan), `autopilot rollback ${plan}`],
  },
  NothingToRollBack: asked('See which node has kept what: its report says so (host.previous).'),
  PolicyAccepted: nothing,
  Started: nothing,
  RollingOut: waits(look(follow)),
  AlreadyUpdated: nothing,
  Superseded: {
    fix: 'Nothing is left to do, unless the older version is wanted: then edit the Plan, or apply it again.',
    next: look(planYaml, listNodes),
  },
  OptedOut: {
    fix: 'Take the annotation off the node once it may be updated.',
    next: (about) => [
      describe(about),
      `kubectl annotate ${object(about)} ${ANNOTATION.optOut}- ${ANNOTATION.pin}-`,
    ],
  },
  Pinned: {
    fix: 'Take the annotation off the node once it may have another version.',
    next: (about) => [describe(about), `kubectl annotate ${object(about)} ${ANNOTATION.pin}-`],
  },
  Updated: nothing,
  Completed: nothing,
  RunStopped: mendAndRetry('Mend what stopped the run; it was left alone until then.'),
  PlanDeleted: nothing,
  DownloadFailed: mendAndRetry(
    'See whether the host reaches the address, and whether the file is there.',
    look(agentLog),
  ),
  DownloadTimeout: mendAndRetry(
    'Give a nearer mirror, or more time in the policy (download.timeout).',
    look(agentLog, editPlan),
  ),
  SourceForbidden: mendAndRetry(
    "Take an address that the host allows, or let the host's owner allow it.",
    look(agentPolicy),
  ),
  ArtifactTooLarge: mendAndRetry(
    "Check the artifact, or let the host's owner allow its size.",
    look(agentPolicy),
  ),
  AgentPolicyInvalid: mendAndRetry("Mend the host's own policy file.", look(agentLog, agentPolicy)),
  DowngradeForbidden: mendAndRetry(
    "Leave the node out, or let the host's owner allow it.",
    look(agentPolicy),
  ),
  BackupFailed: mendAndRetry(
    'See why k0s backup fails there, most often for want of space; without backups: policy backup.mode: Never.',
    look(agentLog, space),
  ),
  DrainTimeout: mendAndRetry(
    'Help what blocks the pods, or give the policy more time (drain.timeout).',
    drainCommands,
  ),
  AgentSilent: mendAndRetry('Find out why the agent is silent.', look(agentState, agentLog)),
  NodeVanished: mendSpec('If it is gone for good, take its name out of the Plan.'),
  NoReport: mendAndRetry('Find out why the agent does not answer.', look(agentLog, report)),
  ApplyTimeout: mendAndRetry('See whether the host is up.', look(describe, agentLog, k0sLog)),
  BaselineMissing: mendAndRetry(
    'Grant what the message names, or narrow the gate that it names.',
    look(listBaselines, showPolicy),
  ),
  OrderRefused: mendAndRetry('The agent says why in its log.', look(agentLog, report)),
  PreviousMissing: {
    fix: 'Apply a Plan to the version that is wanted there.',
    next: (about) => [report(about), agentLog(about)],
  },
  DeliveryFailed: mendAndRetry('Make room, and see the log.', look(agentLog, space)),
  GateFailed: mendAndRetry(
    'Mend what the gate has found, or the gate itself where it asks for too much.',
    jobCommands,
    look(showPolicy),
  ),
  WorkloadsWorse: mendAndRetry(
    'Mend the workloads that are named; for those that do not matter: workloads.ignoreNamespaces of the policy.',
    look(() => 'kubectl get pods -A -o wide', showPolicy),
  ),
  HookFailed: mendAndRetry(
    'See what its Job has said; a retry begins it anew.',
    jobCommands,
    look(showPolicy),
  ),
  SwapFailed: mendAndRetry('The old binary is in place; the log says why.', look(agentLog, space)),
  ChecksumMismatch: mendAndRetry(
    'Compare the sha256 of the Plan with that of the release; a mirror may hand out another file.',
    look(editPlan),
  ),
  VersionMismatch: mendAndRetry(
    'The address serves another version than the Plan says: mend one of them.',
    look(editPlan),
  ),
  SignatureInvalid: mendAndRetry(
    "Sign the artifact with a key that the host trusts, or let the host's owner add the key.",
    look(agentPolicy),
  ),
  WrongArchitecture: mendAndRetry('Give the platform its own artifact.', look(editPlan)),
  NotExecutable: mendAndRetry('The log says how it fails on the host.', look(agentLog)),
  ProcessExits: mendAndRetry(
    'The old version runs again; find the cause in the log of the trial, or take another release.',
    look(k0sLog),
  ),
  HostReboots: mendAndRetry(
    'The old version runs again; find out why the host was booted.',
    look((about) => onHost(about, 'journalctl --list-boots'), k0sLog),
  ),
  WrongVersionRuns: mendAndRetry(
    'The artifact is not the version that it is called.',
    look(k0sLog, editPlan),
  ),
  HealthTimeout: mendAndRetry('Find the cause in the log of the trial.', look(k0sLog, agentLog)),
  NodeNotReady: mendAndRetry('Find the cause in the log of the trial.', look(describe, k0sLog)),
  ApiServerNotReady: mendAndRetry('Find the cause in the log of the trial.', look(readyz, k0sLog)),
  ConfirmTimeout: mendAndRetry(
    'Nobody could tell the node to keep it: see whether the orchestrator leads, and whether the host reaches the API.',
    look(lease, agentLog),
  ),
  UndoneByOrder: mendAndRetry('The log of the trial has the cause.', look(k0sLog)),
  IndexInvalid: mendChannel(
    'Publish an index that can be read; autopilot channel verify says more.',
  ),
  IndexTooLarge: mendChannel('Take old releases out of the channel.'),
  IndexUnsigned: mendChannel('Have the channel signed (autopilot channel sign).'),
  IndexSignatureInvalid: mendChannel(
    'Trust the key that the channel is signed with, if it is the right one; else find out who has written the index.',
  ),
  IndexOfOtherChannel: mendChannel('Publish the index at the address of its own channel.'),
  IndexReplayed: mendChannel(
    'See what lies between publisher and cluster: a cache, or a mirror that was restored, hands out old indexes.',
  ),
  IndexExpired: mendChannel(
    'Renew the index (autopilot channel sign), or see why the mirror does not bring the new one.',
  ),
  ServerUnreachable: mendChannel('See whether the update server can be reached from the leader.'),
  ServerRefused: mendChannel('See what the update server has against the request, and the token.'),
  RedirectRefused: mendChannel('Name the address that the server leads to as spec.updateServer.'),
  ChannelBackwards: mendChannel('Ask whoever publishes the channel; nothing is ordered meanwhile.'),
  InvalidSchedule: mendChannel('Mend spec.upgradeStrategy of the UpdateConfig.'),
  Following: { fix: '', next: () => [] },
  IndexAccepted: { fix: '', next: () => [] },
  UpToDate: { fix: '', next: () => [] },
  UpdateUnderWay: waits(look(() => 'autopilot explain autopilot')),
  PlanInTheWay: waits(look(() => 'autopilot explain autopilot')),
  IndexStale: mendChannel('See whether the update server can be reached from the leader.'),
  NotAsked: waits(look(() => 'autopilot channel status')),
  ReleaseBlocked: mendChannel('Whoever publishes the channel says why; a newer release is taken.'),
  ReleaseNotWanted: mendChannel('Change spec.follow, or channels of the UpdatePolicy, to take it.'),
  ReleaseTooYoung: waits(look(() => 'autopilot channel status')),
  ReleaseFailed: {
    fix: 'See what has failed; to try it now and not later, retry its Plan.',
    next: look(
      () => 'autopilot explain autopilot',
      () => 'autopilot retry autopilot',
    ),
  },
  NewVersionAvailable: { fix: '', next: () => [] },
  UpdateStarted: waits(look(() => 'autopilot explain autopilot')),
  UpdateCompleted: { fix: '', next: () => [] },
  UpdateRolledBack: mendChannel('A newer release is taken by itself; see what has failed.'),
  UpdateFailed: mendChannel(
    'It is tried again by itself, or a newer release; see what has failed.',
  ),
  StatusShortened: {
    fix: 'Nothing has to be done: all of it is in PlanTargets, and autopilot status tells it.',
    next: look(
      ({ plan }) => `autopilot status ${plan}`,
      () => 'kubectl get plantargets',
    ),
  },
  TargetsMissing: {
    fix: 'Restore the PlanTargets of the run, or delete the Plan and apply it again: what is done stays done.',
    next: look(() => 'kubectl get plantargets'),
  },
  IndexFromFuture: mendChannel("Set the clock that is wrong, this cluster's or the publisher's."),
};

/** @returns what a person can do about it, in one sentence; undefined where there is nothing */
export function fixOf(reason: Reason): string | undefined {
  return ADVICE[reason].fix || undefined;
}
