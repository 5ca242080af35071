import { ANNOTATION } from '../../../src/api/meta.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { formatReport, type Report } from '../../../src/signals/report.ts';
import { sha256Of } from '../sha256.ts';

export const OLD = 'v1.36.3+k0s.0';
export const NEW = 'v1.36.4+k0s.0';
export const OLD_SHA = sha256Of(OLD);
export const NEW_SHA = sha256Of(NEW);
/** Longer than any run: nobody tells that a simulated agent lives, unless somebody measures just that. */
const HEARTBEAT_MS = 3_600_000;
const AT_ONCE = 32;
/** Pods of `--drain`. */
export const PODS_PER_NODE = 2;

export function nodeName(index: number): string {
  return `w-${String(index).padStart(5, '0')}`;
}

/** What an agent tells before any Plan. */
export function restingReport(version = OLD): Report {
  return {
    v: 1,
    agent: { version: '0.1.0', heartbeatMs: HEARTBEAT_MS, mode: 'watch', beat: 1 },
    host: {
      platform: 'linux-amd64',
      k0sVersion: version,
      binary: '/usr/local/bin/k0s',
      sha256: version === OLD ? OLD_SHA : NEW_SHA,
      freeBytes: 8e9,
      writable: true,
      epoch: 0,
    },
  };
}

/** A Node as a kubelet makes it, with its list of images: some 8 kB, as real ones. */
function node(name: string): object {
  const now = new Date().toISOString();
  const condition = (type: string, status: string, reason: string) => ({
    ...{ type, status, reason, message: `kubelet has ${reason}` },
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        // Where a kubelet has not said these as well, a controller writes them to each Node.
        'beta.kubernetes.io/os': 'linux',
        'beta.kubernetes.io/arch': 'amd64',
        'topology.kubernetes.io/zone': `zone-${Number(name.slice(2)) % 3}`,
      },
      annotations: { [ANNOTATION.report]: formatReport(restingReport()) },
    },
    status: {
      addresses: [{ type: 'Hostname', address: name }],
      allocatable: { cpu: '4', memory: '16Gi', pods: '110' },
      capacity: { cpu: '4', memory: '16Gi', pods: '110' },
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
        condition('Ready', 'True', 'KubeletReady'),
      ],
      images: Array.from({ length: 30 }, (_, at) => ({
        names: [
          `registry.example/team-${at}/service@sha256:${sha256Of(`${at}`)}`,
          `registry.example/team-${at}/service:1.${at}`,
        ],
        sizeBytes: 50_000_000 + at,
      })),
      nodeInfo: { kubeletVersion: 'v1.36.3+k0s', operatingSystem: 'linux', architecture: 'amd64' },
    },
  };
}

/** Makes Nodes with their Leases, each as a kubelet and an agent would have left them. */
export async function makeNodes(kube: Kube, count: number, progress: (done: number) => void) {
  let done = 0;
  await inParallel(count, async (index) => {
    const name = nodeName(index);
    const manifest = node(name);
    await kube.request('POST', '/api/v1/nodes', {
      query: { fieldManager: 'autopilot-agent' },
      body: manifest,
    });
    await kube.request('POST', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', {
      body: {
        metadata: { name, namespace: 'kube-node-lease' },
        spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime() },
      },
    });
    progress(++done);
  });
}

/** The one controller of the cluster, as its agent would have left it. */
export async function makeControlNode(kube: Kube, address: string): Promise<void> {
  const collection = '/apis/autopilot.k0sproject.io/v1beta2/controlnodes';
  const metadata = {
    name: 'cp-1',
    labels: {
      'kubernetes.io/hostname': 'cp-1',
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
    },
    annotations: { [ANNOTATION.report]: formatReport(restingReport(NEW)) },
  };
  const type = { apiVersion: 'autopilot.k0sproject.io/v1beta2', kind: 'ControlNode' };
  await kube.request('POST', collection, { body: { ...type, metadata } });
  await kube.request('PATCH', `${collection}/cp-1/status`, {
    contentType: 'application/merge-patch+json',
    body: {
      status: { k0sVersion: NEW, addresses: [{ type: 'InternalIP', address }] },
    },
  });
}

/** Pods that run already, spread over the nodes, and a budget that lets a tenth of them go. */
export async function makePods(kube: Kube, count: number, progress: (done: number) => void) {
  const labels = { app: 'load' };
  await kube.request('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
    body: {
      metadata: { name: 'load', namespace: 'default' },
      spec: { maxUnavailable: '10%', selector: { matchLabels: labels } },
    },
  });
  await kube.request('POST', '/apis/apps/v1/namespaces/default/deployments', {
    body: {
      metadata: { name: 'load', namespace: 'default' },
      spec: {
        replicas: count * PODS_PER_NODE,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 1,
            automountServiceAccountToken: false,
            containers: [{ name: 'load', image: 'registry.example/load:1' }],
          },
        },
      },
    },
  });
  const path = '/apis/apps/v1/namespaces/default/deployments/load';
  for (;;) {
    const { status } = await kube.request<{ status?: { availableReplicas?: number } }>('GET', path);
    const running = status?.availableReplicas ?? 0;
    progress(running);
    if (running >= count * PODS_PER_NODE) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

export async function inParallel(count: number, of: (index: number) => Promise<void>) {
  let next = 0;
  const work = async () => {
    for (let index = next++; index < count; index = next++) await of(index);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, work));
}

/** Kubernetes's MicroTime. */
export function microTime(): string {
  return new Date().toISOString().replace(/(\.\d{3})Z$/, '$1000Z');
}
