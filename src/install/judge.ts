import { fitOfServer, WANTED_SERVERS } from '../api/kubernetes-range.ts';
import type { Manager, Part } from './wanted.ts';

/** What an installation hangs on, as it was found before anything is changed. */
export interface HostView {
  readonly isRoot: boolean;
  /** The program runs as one file, which can be copied into its place. */
  readonly isOneFile: boolean;
  /** k0s as a service; undefined where the host has none. */
  readonly k0s:
    | {
        readonly role: 'controller' | 'worker' | undefined;
        readonly unit: string;
        /** Named by `--disable-components`. */
        readonly disabled: readonly string[];
      }
    | undefined;
  readonly whyNoK0s: string | undefined;
  /** What is installed already. */
  readonly installed: Part | undefined;
  readonly manager: Manager;
}

export interface Asked {
  readonly part: Part;
  readonly edge: boolean;
  /** Of the orchestrator, where it is not made by this host's k0s. */
  readonly kubeconfig: string | undefined;
  /** Also whether another Autopilot is there. */
  readonly check: boolean;
}

/** The first thing that stands in the way, as one sentence; undefined where nothing does. */
export function whyNot(asked: Asked, view: HostView): string | undefined {
  const { part, edge, kubeconfig } = asked;
  const { k0s, installed } = view;
  if (!view.isRoot) return 'wanted to be run as root, which installs services: use sudo';
  if (!view.isOneFile) {
    return 'wanted the program as one file, found its sources: `npm run build` makes dist/autopilot-linux-*';
  }
  if (edge && part !== 'agent') return `--edge is for an agent alone, found it with ${part}`;
  if (edge && view.manager === 'openrc') {
    return 'edge mode at OpenRC is a line of cron: docs/usage/agent.md has it';
  }
  if (kubeconfig !== undefined && part === 'agent') {
    return '--kubeconfig is for an orchestrator: an agent has one that its k0s gives it';
  }
  if (installed !== undefined && installed !== part && part !== 'both') {
    const also = installed === 'both' ? 'both' : `the ${installed}`;
    return `${also} is installed on this host: \`autopilot install both\` has the two of them, \`autopilot uninstall\` takes it away`;
  }
  if (asked.check && k0s?.role === 'controller' && !k0s.disabled.includes('autopilot')) {
    return `k0s runs its own Autopilot here, and one cluster has one: start k0s with --disable-components=autopilot (${k0s.unit}), on every controller, then install again; while you move over, --no-check installs ours beside it`;
  }
  if (part === 'controller' && kubeconfig !== undefined) return undefined;
  if (k0s === undefined) return view.whyNoK0s ?? 'wanted k0s as a service of this host, found none';
  if (k0s.role === undefined) {
    return `wanted k0s as a controller or worker, found ${k0s.unit} to start something else`;
  }
  if (part !== 'agent' && k0s.role !== 'controller') {
    return part === 'both'
      ? `wanted a k0s controller for both, found a worker (${k0s.unit}): a worker has \`autopilot install agent\``
      : `wanted a k0s controller, which makes the orchestrator's credential, found a worker (${k0s.unit}): give it by --kubeconfig`;
  }
  return undefined;
}

/** What was asked of the cluster. */
export interface ClusterView {
  readonly server: string;
  readonly version: { readonly gitVersion: string };
  /** Undefined where this credential may not ask, as a worker's. */
  readonly kinds: boolean | undefined;
  /** An orchestrator runs in the cluster itself. */
  readonly deployment: boolean | undefined;
}

/** The same for the cluster. */
export function whyNotCluster(part: Part, view: ClusterView): string | undefined {
  const { gitVersion } = view.version;
  if (fitOfServer(gitVersion) !== 'fits') {
    return `${view.server} is Kubernetes ${gitVersion}, wanted ${WANTED_SERVERS}`;
  }
  if (view.kinds === false) {
    return `${view.server} does not know the kinds of Autopilot: \`autopilot manifests | k0s kubectl apply --server-side -f -\` first, once for the cluster`;
  }
  if (part !== 'agent' && view.deployment === true) {
    return 'the orchestrator is installed in this cluster already, as Deployment k0s-autopilot/autopilot-orchestrator: `autopilot install agent` here, or delete that first';
  }
  return undefined;
}

/** Of `--disable-components=a,b`, also when it is given more than once. */
export function disabledComponents(args: readonly string[]): readonly string[] {
  return args.flatMap((arg, at) => {
    if (arg === '--disable-components') return (args[at + 1] ?? '').split(',');
    const given = /^--disable-components=(.*)$/.exec(arg)?.[1];
    return given === undefined ? [] : given.split(',');
  });
}
