/** What a target, a run, or a Plan that waits has come to: told in Events and in the history, where the reason says why. */
export const STEPS = {
  BackedUp: 'A controller has saved the state of the cluster.',
  Draining: 'A node is cordoned, and its pods are being evicted.',
  Applying: 'A node swaps its binary and restarts k0s.',
  OnTrial: 'A node runs the new version, and is judged.',
  Undoing: 'A node puts the old version back.',
  Undone: 'A node runs its old version again.',
  Held: 'An update is neither confirmed nor undone: a person decides.',
  Failed: 'A target, or a run, has failed; the message says why.',
  BatchStarted: 'Of a run with more than 100 targets: a batch of workers begins.',
  BatchSettled:
    'Of a run with more than 100 targets: all of a batch are at their end, and given back.',
  PassedOver: 'A node could not be emptied in time, and was left as it is.',
  StandingBy: "k0s's own Autopilot holds the Lease: ours waits until it is switched off.",
} as const;
export type StepName = keyof typeof STEPS;

/** What a program ends with, or logs, when it cannot do what it was asked for; in no object of the API. */
export const TROUBLES = {
  ConfigInvalid: 'What was given on the command line or in a file cannot be used.',
  InvalidKubeconfig: 'There is no kubeconfig, or it cannot be used.',
  KubeconfigUnreadable: 'The kubeconfig of an agent cannot be read.',
  ApiServerAway: 'The API server could not be asked: refused, cut off, or silent for too long.',
  ApiServerBusy:
    'The API server has too much to do (429): what was to be written is judged anew when it may be asked again.',
  ApiUnreachable: 'The agent could not ask the API server.',
  ApiAnswer: 'The API server has refused what the agent asked for.',
  NotConfirmed: 'A command that changes much was neither confirmed nor called with --yes.',
  NobodyLeads: 'No orchestrator holds the Lease.',
  NoAnswer: 'No orchestrator has answered a request in time.',
  PlanMissing: 'There is no Plan of that name.',
  PublicationRefused: 'A folder of channels is not changed: what was asked for would break it.',
  CannotInstall: 'This host, or the cluster, is not one to install on as was asked for.',
  TwoInstallations: 'Orchestrators on hosts, beside a Deployment of them, in one cluster.',
  UnsupportedServer: 'The API server is older than any that this release can work with.',
  NotInstalled: 'What `autopilot install both` leaves on a controller is not there.',
  Forbidden: 'The API server allows somebody less than a command needs.',
} as const;
export type TroubleName = keyof typeof TROUBLES;
