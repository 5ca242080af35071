/** Where k0s lies on a Debian host, and what it calls the host. */
export interface K0sLayout {
  readonly binary: string;
  readonly dataDir: string;
  readonly runDir: string;
  readonly statusSocket: string;
  readonly kubeletRootDir: string;
  /** The kernel's, as it is; the name of the host in its cluster unless said otherwise. */
  readonly hostname?: string;
  /** The kubelet's `--hostname-override`. */
  readonly nodeName?: string;
  /** `AUTOPILOT_HOSTNAME` of k0s's service. */
  readonly controlNodeName?: string;
}

/** As k0s has it where nothing is said. */
export const USUAL_LAYOUT: K0sLayout = {
  binary: '/usr/local/bin/k0s',
  dataDir: '/var/lib/k0s',
  runDir: '/run/k0s',
  statusSocket: '/run/k0s/status.sock',
  kubeletRootDir: '/var/lib/k0s/kubelet',
};

/** A whole layout: what is not said lies where k0s puts it beside what is. */
export function layoutOf(said: Partial<K0sLayout>): K0sLayout {
  const { dataDir, runDir } = { ...USUAL_LAYOUT, ...said };
  return {
    ...USUAL_LAYOUT,
    kubeletRootDir: `${dataDir}/kubelet`,
    statusSocket: `${runDir}/status.sock`,
    ...said,
  };
}

/** What differs from k0s's own defaults, as its flags. */
export function layoutArguments(layout: K0sLayout, hasKubelet: boolean): readonly string[] {
  const flags = {
    'data-dir': 'dataDir',
    'run-dir': 'runDir',
    'status-socket': 'statusSocket',
    ...(hasKubelet && { 'kubelet-root-dir': 'kubeletRootDir' as const }),
  } as const;
  const { dataDir, runDir } = USUAL_LAYOUT;
  const defaults = {
    ...layoutOf({ dataDir: layout.dataDir, runDir: layout.runDir }),
    dataDir,
    runDir,
  };
  return Object.entries(flags)
    .filter(([, field]) => layout[field] !== defaults[field])
    .map(([flag, field]) => `--${flag}=${layout[field]}`);
}
