/**
 * Every reason that reaches a condition, a target, an Event or a report, with its one line of meaning.
 * The same word is used in all four and in the log.
 */
export const REASONS = {
  // a Plan that is not begun
  InvalidVersion: 'The version of a command is not a k0s version.',
  InvalidLimit: 'limits.concurrent is below 1, so that nothing could ever start.',
  InvalidSelector: 'A selector cannot be parsed; it selects nothing rather than everything.',
  SelectorCannotMatch: 'A selector asks for labels that objects of the kind do not carry.',
  InvalidPolicy: 'The merged policy cannot be met.',
  InvalidDigest: 'The sha256 of an artifact is not 64 hex digits.',
  InvalidUrl: 'The url of an artifact is not http or https.',
  InvalidSpec: 'The stored spec cannot be read.',
  NoTargets: 'The command selects no target at all.',
  NodeMissing: 'A target that is named does not exist.',
  PlatformMissing: 'The command has no artifact for the platform of a target.',
  Quarantined:
    'The artifact has failed in this cluster and is quarantined until a person lifts that.',
  AgentMissing: 'No agent reports from a target.',
  AgentStale: 'The agent of a target has not reported for too long.',
  ControlNodeStale:
    'A ControlNode whose host seems to be gone: its agent is silent, and so is its API server.',
  NotDrained: 'The only Node of the cluster is not emptied: its pods would have nowhere to go.',
  HostNotWritable: 'The agent cannot write where the binary is.',
  DiskFull: 'A target has too little free space for the artifact.',
  SkewTooWide: 'Controllers go one minor version at a time.',
  RemovedApiInUse:
    'Objects are stored under an API that the version does not have, and under no other.',
  KubeletTooNew: 'A worker would become newer than an API server.',
  DowngradeRefused: 'A lower minor version needs forceupdate: stored API versions do not go back.',
  BudgetNeverMet: 'A disruption budget needs all of its pods, so that none can ever be evicted.',
  CommandEmpty: 'A command holds neither k0supdate nor airgapupdate.',
  CommandAmbiguous: 'A command holds both k0supdate and airgapupdate.',
  // waits
  Paused:
    'A policy says paused, or somebody asked for it: nothing new is begun, what is in flight settles.',
  WaitsForWindow: 'No window of the policy is open; the message says when the next one opens.',
  Frozen: 'A freeze of the policy holds; the message says which, and when the next window opens.',
  WaitsForApiCheck:
    'Whether the version takes away an API that is in use is not known: the API server could not be asked.',
  WaitsForControllers: 'Workers wait until every controller has its version.',
  WaitsForController: 'One controller at a time: another one is under way.',
  ControllerNotReady: 'Another controller is not ready, so none may be taken away.',
  WaitsForSlot: 'As many workers as the limit allows are under way or unavailable.',
  WaitsForOtherPlan:
    'Another Plan has the target, or runs before this one; the message says which, and the place in the queue.',
  Soaking: 'A batch is done; gates are asked for as long as it soaks, and then the run goes on.',
  WaitsForOutlook: 'The pods of the nodes that are next are being listed.',
  WaitsForBudget:
    'The nodes that are next share disruption budgets with nodes under way, or cannot be drained now.',
  WaitsForDownload: 'Artifacts are being fetched and verified.',
  WaitsForDrain: 'Pods are being evicted within their disruption budgets.',
  WaitsForBackup: 'A controller saves the state of the cluster before it is touched.',
  WaitsForDelivery: "A verified bundle is being put into k0s's folder of images.",
  WaitsForRestart: 'A node swaps its binary and restarts k0s.',
  WaitsForHealth: 'A restarted node is being judged.',
  WaitsForReport: 'A node has been told its verdict and has not answered yet.',
  WaitsForApproval: 'A person has to look first; the message says what to type.',
  WaitsForGate: 'A gate of the policy has not been passed yet since it had to be.',
  GateUnknown: 'A gate cannot be asked, which is never taken for a pass: nothing new is begun.',
  WaitsForHook: 'A Job that the policy wants at this point of the run has not ended yet.',
  WaitsForBaseline:
    'How workloads and objects are before the run is being written down, before a node is touched.',
  WaitsForSettling: 'The run is over; nodes that were under way come to rest.',
  WaitsForPerson: 'An unconfirmed update that does not go back by itself is held for a person.',
  HeldAfterFailure:
    'More has failed than the policy bears, and it wants a person to decide what becomes of the run.',
  LeftByK0s: 'The Plan was begun by the Autopilot of k0s and is not run again by surprise.',
  NotAdopted: 'The Plan is older than the installation of this program and was not adopted.',
  KindsOverwritten:
    'The definition of Plans is that of k0s, or an older one: what a run has to remember would be lost.',
  NewGenerationWaits: 'The spec was edited while a run was under way; it runs after this one.',
  // progress
  PolicyAccepted: 'Updates are done as the policy says.',
  Started: 'The targets are frozen and the run has begun.',
  RollingOut: 'Targets are being updated.',
  AlreadyUpdated: 'The target had the version before the run.',
  OptedOut: 'An annotation of the node leaves it out of updates.',
  Pinned: 'An annotation of the node keeps it at another version.',
  Updated: 'The update was committed.',
  Completed: 'Every target has its version.',
  Superseded: 'A Plan that was applied later brings a newer version, and versions do not go back.',
  RunStopped: 'Left alone: the run stopped before its turn.',
  // requests
  Resumed: 'Somebody let go of a pause.',
  Aborted:
    'Somebody asked that the run end: nothing new is begun, what was swapped is judged to its end.',
  Retried: 'Somebody asked that what is not done be tried again.',
  RollingBack: 'What the run had updated is being put back.',
  RolledBack: 'The version of before the run was put back.',
  RollbackFailed:
    'Not everything that was to be put back could be; the message says what runs where.',
  NothingToRollBack: 'No target can be put back; the message says why not.',
  Approved: 'Somebody has looked, and lets the run go past a point.',
  NothingToApprove: 'No approval of that is wanted, or waited for at this moment.',
  UnknownVerb: 'A request asks for something that there is not.',
  UnknownArgument: 'A request says more than its verb takes, or what it cannot take.',
  NotPaused: 'Nobody asked that the Plan be paused, so there is nothing to resume.',
  NotRunning: 'The Plan has nothing under way.',
  StillRunning: 'The run of the Plan has not ended.',
  NothingFailed: 'Every target of the Plan has its version, so there is nothing to retry.',
  PlanDeleted: 'The Plan was deleted while the target was under way.',
  // failures of the environment
  DownloadFailed: 'The artifact could not be fetched.',
  DownloadTimeout: 'The artifact was not fetched and verified in time.',
  SourceForbidden: "The host's own policy does not allow the address, or one that it redirects to.",
  ArtifactTooLarge: "The artifact is longer than the host's own policy allows.",
  AgentPolicyInvalid: "The host's own policy file cannot be used, so that no order is begun there.",
  DowngradeForbidden: "The host's own policy forbids a lower version.",
  BackupFailed: 'The backup before the update could not be made, so nothing was swapped.',
  DrainTimeout: 'The node did not become empty in time.',
  AgentSilent: 'The agent did not answer an order in time.',
  NodeVanished: 'The object of a target was deleted while the run was under way.',
  NoReport: 'The node was told to commit or undo and never said that it did.',
  ApplyTimeout: 'The node did not come back on trial in time.',
  BaselineMissing:
    'How workloads and objects were before the run could not be written down, so that nothing was begun.',
  OrderRefused: 'The agent refused the order.',
  DeliveryFailed: "The host could not put the bundle into k0s's folder of images.",
  GateFailed: 'A gate of the policy has answered no, or nothing, for too long.',
  WorkloadsWorse: 'Workloads of the cluster are worse than before the run, and stay so.',
  HookFailed: 'A Job that the policy wants at a point of the run has failed.',
  SwapFailed: 'The host could not put a binary in place; the message says which one is there.',
  PreviousMissing:
    'The host has not kept the binary that it should go back to, or what it has kept was changed.',
  // failures of the artifact
  ChecksumMismatch:
    'What was downloaded is not what the Plan, or the first node, said it would be.',
  VersionMismatch: 'The binary says it is another version than the Plan wants.',
  SignatureInvalid: "The artifact lacks a signature of a key that the host's own policy trusts.",
  WrongArchitecture: 'The binary was built for another kind of machine.',
  NotExecutable: 'The binary does not run on the host.',
  ProcessExits: 'The new k0s exits again and again.',
  HostReboots: 'The host was booted again and again while the new k0s was on trial.',
  WrongVersionRuns: 'The new k0s runs and reports another version than the Plan wants.',
  HealthTimeout: 'The new k0s did not become healthy in time.',
  NodeNotReady: 'The Node did not become Ready with the new version in time.',
  ApiServerNotReady: 'The API server of the updated controller did not become ready in time.',
  ConfirmTimeout: 'Nobody confirmed the update in time, so the node put the old version back.',
  UndoneByOrder: 'The orchestrator ordered the undo.',
  // channels
  InvalidSchedule: 'When a channel is to be followed cannot be read; it is not followed.',
  Following: 'The channel is followed.',
  IndexAccepted: 'The channel gave an answer that can be used.',
  UpToDate: 'Every machine has what the channel offers.',
  UpdateUnderWay: 'A Plan brings what the channel offers.',
  PlanInTheWay: 'Another Plan of the name autopilot is under way; the next one is made after it.',
  IndexStale: 'The last good answer of the channel is too old to act upon.',
  NotAsked: 'The channel has not been asked yet.',
  ReleaseBlocked: 'The channel has taken a release back, or forbids to go there from what runs.',
  ReleaseNotWanted: 'How the channel is followed leaves the release out.',
  ReleaseTooYoung: 'The release has not been out for as long as it has to be.',
  ReleaseFailed: 'The release has failed here; a newer one is taken at once, this one later.',
  NewVersionAvailable: 'A channel offers something newer than what runs.',
  UpdateStarted: 'A Plan was made of what a channel offers.',
  UpdateCompleted: 'A Plan that was made for a channel has completed.',
  UpdateRolledBack: 'A release of a channel has failed, and was taken back where it was.',
  UpdateFailed: 'A Plan that was made for a channel has failed before anything ran what it brings.',
  // what an orchestrator tells of a status that is too large for one object
  StatusShortened:
    'The API server takes no status of that length: less of it is told in the Plan, nothing is lost.',
  TargetsMissing:
    'A part of the status of a large run is not there, so that nobody knows which nodes it is about.',
  // an index of a channel that is not believed: nothing is ordered by it
  IndexInvalid: 'The index of the channel cannot be read; the message says where and why.',
  IndexTooLarge: 'The index of the channel is longer than any that is read.',
  IndexUnsigned: 'The index of the channel is not signed, and a signature is demanded.',
  IndexSignatureInvalid:
    'The signature of the index is not of a trusted key, or not of this content.',
  IndexOfOtherChannel: 'The index says that it is of another channel than was asked for.',
  IndexReplayed: 'The index is older than one that was seen before, or another one of its epoch.',
  IndexExpired: 'The index has not been renewed in time: somebody may be holding newer ones back.',
  ServerUnreachable: 'The update server gave no answer that can be used, or none in time.',
  ServerRefused: 'The update server answered with an error; the message says with which.',
  RedirectRefused: 'The update server led to an address that is not followed.',
  ChannelBackwards: 'The channel offers nothing as new as what runs: versions do not go back.',
  IndexFromFuture: 'The index was issued later than now: a clock is wrong, here or there.',
} as const;
export type Reason = keyof typeof REASONS;

export function isReason(text: string | undefined): text is Reason {
  return text !== undefined && Object.hasOwn(REASONS, text);
}
