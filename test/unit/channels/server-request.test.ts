import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseK0sVersion } from '../../../src/api/k0s-version.ts';
import { updateConfigSpecSchema } from '../../../src/api/update-config.ts';
import { cronUrl, introductionHeaders, requestUrl } from '../../../src/channels/server-request.ts';

const rows: [spec: object, url: string | undefined][] = [
  [{}, 'https://updates.k0sproject.io/stable/index.yaml'],
  [{ channel: 'stable/v1.36' }, 'https://updates.k0sproject.io/stable/v1.36/index.yaml'],
  [{ updateServer: 'updates.example.com' }, 'https://updates.example.com/stable/index.yaml'],
  [{ updateServer: 'http://10.0.0.1:8080/k0s/' }, 'http://10.0.0.1:8080/k0s/stable/index.yaml'],
  [{ updateServer: 'https://x/y?z#w', channel: '/a b/' }, 'https://x/y/a%20b/index.yaml'],
  [
    { updateServer: 'https://x/y', channel: 'edge_release', upgradeStrategy: { type: 'cron' } },
    'https://x/edge_release',
  ],
  [{ updateServer: 'ftp://x' }, undefined],
  [{ updateServer: 'https://' }, undefined],
];
for (const [spec, url] of rows) {
  test(`${JSON.stringify(spec)} is at ${url}`, () => {
    assert.equal(requestUrl(updateConfigSpecSchema.parse(spec)), url);
  });
}

const introduction = {
  clusterId: 'kube-system:1',
  version: 'v1.36.1+k0s.0',
  lastUpdateStatus: 'Completed',
  machines: (['controller', 'worker', 'worker'] as const).map((role, at) => ({
    name: `m${at}`,
    role,
    platform: at === 2 ? 'linux-arm64' : 'linux-amd64',
    version: parseK0sVersion('v1.36.1+k0s.0'),
  })),
};

test('the periodic protocol introduces the cluster as k0s does', () => {
  const { K0s_WorkerData: data = '', ...headers } = introductionHeaders(introduction);
  assert.deepEqual(headers, {
    K0s_StorageType: 'unknown',
    K0s_ClusterID: 'kube-system:1',
    K0s_ControlPlaneNodesCount: '1',
    K0s_Version: 'v1.36.1+k0s.0',
    K0s_CNIProvider: 'unknown',
    K0s_Arch: 'amd64',
  });
  assert.deepEqual(JSON.parse(Buffer.from(data, 'base64').toString()), {
    Archs: { amd64: 1, arm64: 1 },
    OSes: { linux: 2 },
    Runtimes: {},
  });
});

test('the old protocol says it in the query', () => {
  assert.equal(
    cronUrl('https://x/edge', introduction),
    'https://x/edge?clusterID=kube-system%3A1&lastUpdateStatus=Completed&currentVersion=v1.36.1%2Bk0s.0',
  );
});
