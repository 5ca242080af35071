/** How orchestrators are installed: as services of hosts, or as Pods of a Deployment; one cluster has one kind. */
export type InstallationKind = 'hosts' | 'Deployment';

/** The Pods of `deploy-in-cluster/deployment.yaml`, which are named after it. */
const POD = /^autopilot-orchestrator-[0-9a-z]+-[0-9a-z]{5}_/;

/** @param identity of an orchestrator, as the Lease has it: the name of its host or Pod, `_`, and what is unique */
export function installationOf(identity: string): InstallationKind {
  return POD.test(identity) ? 'Deployment' : 'hosts';
}

/** @returns a sentence where the one that leads is of another kind than we; undefined where all is well */
export function secondInstallation(identity: string, leader: string): string | undefined {
  const [own, other] = [installationOf(identity), installationOf(leader)];
  if (own === other) return undefined;
  return own === 'hosts'
    ? `two installations in one cluster: ${leader} leads, of Deployment k0s-autopilot/autopilot-orchestrator, and this one is on a host: delete the Deployment, or \`autopilot uninstall\` here and \`autopilot install agent\``
    : `two installations in one cluster: ${leader} leads, on a host, and this one is of a Deployment: delete the Deployment, or take the orchestrators from the hosts`;
}
