/** How orchestrators are installed: as services of hosts, or as Pods of a Deployment; one cluster has one kind. */
export type InstallationKind = 'hosts' | 'Deployment';

/** The Pods of `deploy-in-cluster/deployment.yaml`, which are named after it. */
const POD = /^autopilot-orchestrator-[0-9a-z]+-[0-9a-z]{5}_/;

/** @param identity of an orchestrator, as the Lease has it: the name of its host or Pod, `_`, and what is unique */
export function installationOf(identity: string): InstallationKind {
  return POD.test(identity) ? 'Deployment' : 'hosts';
}
