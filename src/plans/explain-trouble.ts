import type { TroubleName } from '../api/steps.ts';

interface TroubleAdvice {
  /** What is true, and safe, until somebody has looked. */
  readonly meanwhile: string;
  /** What a person can do, in one sentence. */
  readonly fix: string;
  /** What to type, in that order. */
  readonly next: readonly string[];
}

const untouched = 'Nothing was changed.';
const onHost = 'journalctl -u autopilot-agent -n 100  # on host w1';
const agentAlone =
  'The agent obeys no new order. An update that is on trial is put back at its deadline, without the API.';

/** For each trouble what to do about it; one without a line here does not compile. */
export const TROUBLE_ADVICE: Readonly<Record<TroubleName, TroubleAdvice>> = {
  ConfigInvalid: {
    meanwhile: untouched,
    fix: 'Mend the flag, the file or the name that the message gives; help says what is taken.',
    next: ['autopilot --help'],
  },
  InvalidKubeconfig: {
    meanwhile: untouched,
    fix: 'Name a kubeconfig with --kubeconfig or $KUBECONFIG; on a controller k0s makes one.',
    next: ['kubectl config view', 'k0s kubeconfig admin  # on host c1'],
  },
  KubeconfigUnreadable: {
    meanwhile: agentAlone,
    fix: 'Make the credential of the agent anew, which installing it again does.',
    next: [onHost, 'autopilot install agent  # on host w1'],
  },
  ApiServerAway: {
    meanwhile:
      'Hosts go on with what they were told; what is on trial and cannot be confirmed is put back. It is asked again by itself.',
    fix: 'See whether the API servers are up, and reachable from there.',
    next: ['kubectl get --raw /readyz?verbose', 'journalctl -u k0scontroller -n 100  # on host c1'],
  },
  ApiServerBusy: {
    meanwhile: 'Runs go on, slowly; nothing is lost, and it is asked again by itself.',
    fix: 'See what else asks for much, and whether the orchestrator has places of its own (deploy/flow-control.yaml).',
    next: ['kubectl get flowschemas', 'autopilot doctor'],
  },
  ApiUnreachable: {
    meanwhile: agentAlone,
    fix: 'See whether that host reaches an API server, and what its own log says.',
    next: [onHost, 'kubectl get --raw /readyz?verbose'],
  },
  ApiAnswer: {
    meanwhile: agentAlone,
    fix: "See which right is missing; the definitions and rights of this release are applied with the program's own.",
    next: [onHost, 'autopilot doctor'],
  },
  NotConfirmed: {
    meanwhile: untouched,
    fix: 'Say --yes where nobody can be asked.',
    next: ['autopilot rollback autopilot --yes'],
  },
  NobodyLeads: {
    meanwhile:
      'Nothing new is begun. Agents go on with their orders; what nobody confirms, they put back.',
    fix: 'Start an orchestrator, or see in its log why it does not lead.',
    next: [
      'autopilot doctor',
      'kubectl get lease -n k0s-autopilot k0s-autopilot-controller -o yaml',
      'journalctl -u autopilot -n 100  # on host c1',
    ],
  },
  NoAnswer: {
    meanwhile: 'The request stays in the status of the Plan, and is answered when somebody leads.',
    fix: 'See who leads.',
    next: ['autopilot doctor', 'autopilot explain autopilot'],
  },
  PlanMissing: {
    meanwhile: untouched,
    fix: 'Name a Plan that there is.',
    next: ['kubectl get plans', 'autopilot history'],
  },
  PublicationRefused: {
    meanwhile: 'The folder is as it was, and readers see what they saw.',
    fix: 'Mend what the message says; verify tells all that is wrong with a folder.',
    next: ['autopilot channel verify --folder /srv/channels'],
  },
  CannotInstall: {
    meanwhile: 'The host is as it was.',
    fix: 'Mend what the message says, and look at what would be done before it is.',
    next: ['autopilot install agent --dry-run  # on host w1'],
  },
  TwoInstallations: {
    meanwhile: 'The one that leads goes on; the other one ends, and comes back to look again.',
    fix: 'Keep one kind: delete the Deployment, or make agents alone of the hosts.',
    next: [
      'autopilot doctor',
      'kubectl delete deployment -n k0s-autopilot autopilot-orchestrator',
      'autopilot uninstall  # on host c1',
      'autopilot install agent  # on host c1',
    ],
  },
  UnsupportedServer: {
    meanwhile: 'No Plan is begun. k0s runs as it is.',
    fix: 'Update the controllers by hand to a version that is supported.',
    next: ['kubectl version', 'autopilot doctor'],
  },
  NotInstalled: {
    meanwhile: 'k0s runs on; nothing updates this host.',
    fix: 'Install it again on that controller.',
    next: ['autopilot install both  # on host c1'],
  },
  Forbidden: {
    meanwhile: untouched,
    fix: 'Have somebody grant the right that the message names; autopilot:operator is for those who drive Plans.',
    next: ['kubectl auth whoami', 'kubectl auth can-i --list'],
  },
};
