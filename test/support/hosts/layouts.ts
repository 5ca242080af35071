import type { K0sLayout } from './k0s-layout.ts';

/** k0s as people have it installed: on each host something else is not as usual; by its name, or what it is. */
export const LAYOUTS: Readonly<Record<string, Partial<K0sLayout>>> = {
  c1: {
    hostname: 'C1',
    binary: '/opt/k0s/k0s-stable',
    dataDir: '/srv/k0s',
    kubeletRootDir: '/srv/kubelet',
    nodeName: 'box-1',
    controlNodeName: 'cp-one',
  },
  c2: { hostname: 'C2', runDir: '/run/k0s-two', statusSocket: '/run/k0s-two/status.sock' },
  c3: { statusSocket: '/run/k0s-status/k0s.sock', nodeName: 'box-3' },
  w1: {
    hostname: 'W1',
    binary: '/usr/bin/k0s',
    runDir: '/run/k0s-worker',
    statusSocket: '/run/k0s-worker/k0s.sock',
    kubeletRootDir: '/var/lib/kubelet',
  },
  elsewhere: {
    binary: '/opt/k0s/k0s-stable',
    dataDir: '/srv/k0s',
    statusSocket: '/run/k0s-status/k0s.sock',
  },
  w2: { dataDir: '/mnt/k0s', statusSocket: '/run/k0s-status.sock', nodeName: 'edge-2' },
};
