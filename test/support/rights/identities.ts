import { ANNOTATION, API_VERSION, NAMESPACE } from '../../../src/api/meta.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { CONTROL_NODES, NODES, PLANS } from '../../../src/kube/target-path.ts';
import type { ApiServer } from '../api-server.ts';
import { eventually } from '../eventually.ts';

/** Somebody who asks the API server for something, and what the page calls them. */
export interface Identity {
  readonly title: string;
  readonly kube: Kube;
}

const LABELLER = 'bob';

/**
 * Everybody of whom docs/usage/rights.md speaks, and the objects that the requests are about: the hosts c1, c2,
 * w1, w2, a Plan, and people with the rights that their titles say.
 */
export async function setUpIdentities(api: ApiServer): Promise<readonly Identity[]> {
  const { admin } = api;
  for (const name of ['w1', 'w2']) {
    await admin.request('POST', NODES, {
      body: { apiVersion: 'v1', kind: 'Node', metadata: { name } },
    });
  }
  for (const name of ['c1', 'c2']) {
    await admin.request('POST', CONTROL_NODES, {
      body: { apiVersion: API_VERSION, kind: 'ControlNode', metadata: { name } },
    });
  }
  const spec = { id: '1', timestamp: 'now', commands: [] };
  await admin.request('POST', PLANS, {
    body: { apiVersion: API_VERSION, kind: 'Plan', metadata: { name: 'spring' }, spec },
  });
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await admin.request('POST', `${rbac}/clusterroles`, {
    body: {
      metadata: { name: 'labeller' },
      rules: [
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] },
        {
          apiGroups: ['autopilot.k0sproject.io'],
          resources: ['controlnodes'],
          verbs: ['get', 'patch'],
        },
      ],
    },
  });
  await bind(admin, 'labeller', { kind: 'User', name: LABELLER });
  await bind(admin, 'autopilot:operator', { kind: 'User', name: 'ann' });
  const token = await admin.request<{ status: { token: string } }>(
    'POST',
    `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/autopilot-orchestrator/token`,
    { body: { spec: {} } },
  );
  const identities: Identity[] = [
    { title: 'orchestrator', kube: await api.as('autopilot:orchestrator') },
    { title: 'orchestrator in a Pod', kube: await api.withToken(token.status.token) },
    {
      title: 'agent of c1',
      kube: await api.as('autopilot:control-node:c1', ['autopilot:control-nodes']),
    },
    { title: 'agent of w1', kube: await api.as('system:node:w1', ['system:nodes']) },
    { title: 'operator', kube: await api.as('ann') },
    { title: 'who labels hosts', kube: await api.as(LABELLER) },
    { title: 'anybody else', kube: await api.as('somebody') },
  ];
  await policiesHold(identities);
  return identities;
}

/** The API server needs a moment to take up new policies: a value that was let in too early is no change later. */
async function policiesHold(identities: readonly Identity[]): Promise<void> {
  const of = (title: string) => identities.find((one) => one.title === title)!.kube;
  let probe = 0;
  const isDenied = async (kube: Kube, path: string, body: object) => {
    const query = { dryRun: 'All' };
    const contentType = 'application/merge-patch+json';
    const refused = await kube
      .request('PATCH', path, { query, contentType, body })
      .then(() => '', String);
    return refused.includes('ValidatingAdmissionPolicy');
  };
  await eventually('the admission policies to hold', async () => {
    const forged = { metadata: { annotations: { [ANNOTATION.order]: `${++probe}` } } };
    return (
      (await isDenied(of('agent of c1'), `${CONTROL_NODES}/c1`, forged)) &&
      (await isDenied(of('agent of w1'), `${NODES}/w1`, forged)) &&
      (await isDenied(of('who labels hosts'), `${NODES}/w1`, forged)) &&
      (await isDenied(of('operator'), `${PLANS}/spring/status`, { status: { state: `s${probe}` } }))
    );
  });
}

async function bind(admin: Kube, role: string, subject: object): Promise<void> {
  await admin.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    body: {
      metadata: { name: `test-${role.replaceAll(':', '-')}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
    },
  });
}
