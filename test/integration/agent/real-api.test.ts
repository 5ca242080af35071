import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ANNOTATION } from '../../../src/api/meta.ts';
import { formatOrder } from '../../../src/signals/order.ts';
import { parseReport, type Report } from '../../../src/signals/report.ts';
import { anOrder } from '../../support/agent-drive.ts';
import { AgentHost } from '../../support/agent-host.ts';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';

const VERSION = 'v1.36.1+k0s.0';

interface Stored {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
    readonly managedFields: readonly { readonly manager: string; readonly time: string }[];
  };
  readonly status: { addresses?: unknown; k0sVersion?: string };
}

describe('an agent on a real API server', () => {
  let api: ApiServer;
  let host: AgentHost;

  before(async () => {
    api = await startApiServer();
    host = await AgentHost.start(VERSION);
  });
  after(async () => {
    await host.stop();
    await api.stop();
  });

  const stored = async (what: string): Promise<Stored> =>
    JSON.parse(await api.kubectl('get', what, '-o', 'json', '--show-managed-fields')) as Stored;

  function reported(what: string, says: (report: Report, object: Stored) => boolean) {
    return eventually(
      `a report of ${what}`,
      async () => {
        const object = await stored(what);
        const report = parseReport(object.metadata.annotations[ANNOTATION.report]);
        assert.equal(report.kind, 'valid', JSON.stringify(report));
        if (report.kind !== 'valid') return undefined;
        if (says(report.value, object)) return object;
        throw new Error(JSON.stringify(report.value));
      },
      { timeoutMs: 20_000 },
    ).catch((thrown: unknown) => {
      throw new Error(`${(thrown as Error).message}\n${host.agentLog}`);
    });
  }

  it('reports on its Node with the rights of a kubelet, and keeps the report fresh', async () => {
    // an object that is created with a bare name never gets managedFields
    const metadata = { name: 'host1', labels: { 'kubernetes.io/hostname': 'host1' } };
    const node = { apiVersion: 'v1', kind: 'Node', metadata };
    await api.admin.request('POST', '/api/v1/nodes', { body: node });
    const kubeconfig = await api.kubeconfig('system:node:host1', ['system:nodes']);
    host.startAgent({ kubeconfig, heartbeat: '2s' });
    const first = await reported('node/host1', (report) => report.host.k0sVersion === VERSION);
    const timeOf = (object: Stored) =>
      object.metadata.managedFields?.find(({ manager }) => manager === 'autopilot-agent')?.time;
    assert.ok(timeOf(first), JSON.stringify(first));
    await reported('node/host1', (_, object) => timeOf(object) !== timeOf(first));
  });

  it('hears an order at once, and its annotation may be removed by anybody', async () => {
    const order = formatOrder(anOrder('commit'));
    await api.kubectl('annotate', 'node/host1', `${ANNOTATION.order}=${order}`);
    const refused = await reported('node/host1', ({ signal }) => signal?.phase === 'Refused');
    assert.match(refused.metadata.annotations[ANNOTATION.report] ?? '', /nothing of this order/);
    await api.kubectl('annotate', 'node/host1', `${ANNOTATION.report}-`, `${ANNOTATION.order}-`);
    await reported('node/host1', ({ signal }) => signal === undefined);
  });

  it('is there again when the API server is', async () => {
    await api.kill();
    await eventually('the loss to be noticed', () => host.agentLog.includes('cannot be used now'));
    await api.start();
    const order = formatOrder(anOrder('commit', { id: 'run9.0.1' }));
    await api.kubectl('annotate', 'node/host1', `${ANNOTATION.order}=${order}`);
    await reported('node/host1', ({ signal }) => signal?.id === 'run9.0.1');
    await host.stopAgent();
  });

  it('creates the ControlNode of its name, and only that', async () => {
    const user = 'autopilot:control-node:cp-7';
    const kubeconfig = await api.kubeconfig(user, ['autopilot:control-nodes']);
    host.startAgent({
      role: 'controller',
      name: 'cp-7',
      kubeconfig,
      'api-address': '192.0.2.7',
      'state-dir': `${host.folder}/state-controller`,
    });
    const object = await reported(
      'controlnode/cp-7',
      (_, { status }) => status?.k0sVersion === VERSION,
    );
    assert.deepEqual(object.status.addresses, [
      { type: 'InternalIP', address: '192.0.2.7' },
      { type: 'Hostname', address: 'cp-7' },
    ]);
    assert.equal(object.metadata.annotations[ANNOTATION.mode], 'controller');
    assert.equal(object.metadata.labels['kubernetes.io/os'], 'linux');
    assert.equal(object.metadata.labels['kubernetes.io/hostname'], 'cp-7');
  });

  it('creates it again when it was deleted', async () => {
    await api.kubectl('delete', 'controlnode/cp-7');
    await reported('controlnode/cp-7', (_, { status }) => status?.k0sVersion === VERSION);
    await host.stopAgent();
  });
});
