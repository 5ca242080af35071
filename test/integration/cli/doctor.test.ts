import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { NODES, PLANS } from '../../../src/kube/target-path.ts';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { type Finished, tryRun } from '../../support/cluster/run.ts';
import { eventually } from '../../support/eventually.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/tls');
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/k0s-autopilot/leases';
const MAIN = join(import.meta.dirname, '../../../src/main.ts');

let api: ApiServer;
let kubeconfig: string;
let folder: string;

before(async () => {
  api = await startApiServer();
  kubeconfig = await api.kubeconfig('admin', ['system:masters']);
  folder = await mkdtemp(join(tmpdir(), 'autopilot-plugin-'));
  await api.admin.request('POST', NODES, {
    body: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'w1' } },
  });
  await api.admin.request('POST', PLANS, {
    body: {
      apiVersion: 'autopilot.k0sproject.io/v1beta2',
      kind: 'Plan',
      metadata: { name: 'spring' },
      spec: { id: '1', timestamp: 'now', commands: [] },
    },
  });
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
  await api?.stop();
});

const autopilot = (...args: string[]): Promise<Finished> =>
  tryRun(process.execPath, [MAIN, ...args, '--kubeconfig', kubeconfig]);

interface Found {
  readonly check: string;
  readonly level: string;
  readonly message: string;
  readonly fix?: string;
}

async function examined(): Promise<{
  readonly code: number | null;
  readonly bad: readonly Found[];
}> {
  const { code, stdout } = await autopilot('doctor', '-o', 'json');
  const all = JSON.parse(stdout) as Found[];
  return { code, bad: all.filter(({ level }) => level !== 'well') };
}

test('doctor: what is installed is well, and what is not there yet is named', async () => {
  const { code, bad } = await examined();
  assert.equal(code, 1);
  assert.deepEqual(
    bad.map(({ check }) => check),
    ['leader', 'agents'],
  );
  assert.match(bad[1]?.message ?? '', /none reports from w1/);
});

test('doctor finds a right, an admission policy and a kind that were taken away', async () => {
  await api.kubectl('delete', 'validatingadmissionpolicybinding', 'autopilot-signals');
  await api.kubectl('delete', 'role', '-n', 'default', 'autopilot:api-servers');
  await api.kubectl('delete', 'crd', 'updateruns.extensions.autopilot.k0sproject.io');
  await eventually('the authorizer to have heard of it', async () => {
    const { bad } = await examined();
    return bad.some(({ check }) => check === 'rights');
  });
  const { bad } = await examined();
  const of = (check: string) => bad.find((one) => one.check === check)?.message ?? '';
  assert.match(of('admission'), /not there: binding autopilot-signals/);
  assert.match(of('rights'), /may not list endpointslices of discovery\.k8s\.io in default$/);
  assert.match(of('kinds'), /not there: updateruns\.extensions/);
});

test('status: Plans and hosts, in every format', async () => {
  const text = await autopilot('status');
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /^spring +Pending/m);
  assert.match(text.stdout, /^w1 +worker .*agent missing; not Ready$/m);
  const { plans, hosts } = JSON.parse((await autopilot('status', '-o', 'json')).stdout) as {
    plans: readonly { name: string }[];
    hosts: readonly { name: string }[];
  };
  assert.deepEqual([plans[0]?.name, hosts[0]?.name], ['spring', 'w1']);
  assert.match((await autopilot('status', '-o', 'yaml')).stdout, /^plans:\n {2}- name: spring$/m);
});

test('bad input: one sentence that says what was found, and 2', async () => {
  for (const [args, wanted] of [
    [['status', 'autumn'], /^autopilot status: no Plan autumn is stored, found spring$/],
    [['status', '--node', 'w9'], /^autopilot status: no Node or ControlNode w9, found w1$/],
    [['doctor', '--context', 'x'], /^autopilot doctor: the kubeconfig has no context x, found /],
  ] as const) {
    const { code, stderr, stdout } = await autopilot(...args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr.trim(), wanted);
  }
});

test('completion offers the Plans that there are', async () => {
  const words = ['explain', '--kubeconfig', kubeconfig, 's'];
  const { stdout } = await tryRun(process.execPath, [MAIN, '__complete', '--', ...words]);
  assert.equal(stdout, 'spring\n:4\n');
});

test('an API server of an unsupported version: the doctor says so, and no orchestrator stays', async () => {
  const old = createServer(
    {
      cert: readFileSync(join(FIXTURES, 'loopback-cert.pem')),
      key: readFileSync(join(FIXTURES, 'loopback-key.pem')),
    },
    (request, response) => {
      const isVersion = request.url === '/version';
      const answer = isVersion
        ? Promise.resolve({ major: '1', minor: '29', gitVersion: 'v1.29.4+k0s' })
        : api.admin.request('GET', request.url ?? '/');
      answer.then(
        (body) => response.end(JSON.stringify(body)),
        () => response.writeHead(404, { 'content-type': 'application/json' }).end('{}'),
      );
    },
  );
  old.listen(0, '127.0.0.1');
  await once(old, 'listening');
  try {
    const { port } = old.address() as AddressInfo;
    const ca = readFileSync(join(FIXTURES, 'loopback-cert.pem')).toString('base64');
    const config = join(folder, 'old.conf');
    const server = `https://127.0.0.1:${port}`;
    const text = await readFile(await api.kubeconfig('old', [], server), 'utf8');
    await writeFile(config, text.replace(/(certificate-authority-data: ).*/, `$1${ca}`));
    const on = (...args: string[]) =>
      tryRun(process.execPath, [MAIN, ...args, '--kubeconfig', config]);
    const doctor = await on('doctor');
    assert.equal(doctor.code, 1, doctor.stderr);
    assert.match(doctor.stdout, /API server +it is v1\.29\.4\+k0s, wanted v1\.30 or newer/);
    const { code, stderr } = await on('controller', '--metrics-address', 'off');
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /^autopilot: https:\S+ is Kubernetes v1\.29\.4\+k0s, wanted 1\.30 to 1\.37 \(UnsupportedServer\)$/m,
    );
  } finally {
    old.closeAllConnections();
    old.close();
  }
});

test('an orchestrator on a host beside a Deployment that leads ends with one sentence', async () => {
  const holderIdentity =
    'autopilot-orchestrator-6d4cf56db6-x7k2p_01234567-89ab-cdef-0123-456789abcdef';
  const now = new Date().toISOString().replace('Z', '000Z');
  await api.admin.request('POST', LEASES, {
    body: {
      ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
      metadata: { name: 'k0s-autopilot-controller', namespace: 'k0s-autopilot' },
      spec: { holderIdentity, leaseDurationSeconds: 3600, renewTime: now, acquireTime: now },
    },
  });
  const { code, stderr } = await autopilot('controller', '--metrics-address', 'off');
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^autopilot: two installations in one cluster: .*\(TwoInstallations\)$/m);
});

test('kubectl finds it as a plugin', async () => {
  const plugin = join(folder, 'kubectl-autopilot');
  await writeFile(plugin, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  await chmod(plugin, 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${folder}:${before}`;
  try {
    const { code, stdout, stderr } = await api.tryKubectl(['autopilot', 'version', '--client']);
    assert.deepEqual([code, stdout], [0, 'client      0.1.0\n'], stderr);
  } finally {
    process.env.PATH = before;
  }
});
