import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { eventually } from '../../support/eventually.ts';
import { LoneController } from '../../support/lone-controller.ts';
import { buildReleases, OLD_VERSION } from '../../support/releases.ts';

const ROOT = join(import.meta.dirname, '../../..');
const INSTALL = join(ROOT, 'deploy/install.yaml');

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
          readonly livenessProbe: Probe;
          readonly readinessProbe: Probe;
        }[];
      };
    };
  };
}

function manifestsOf(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((one) => one !== null);
}

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

function byName(manifests: readonly Manifest[]): Readonly<Record<string, Manifest>> {
  return Object.fromEntries(manifests.map((one) => [nameOf(one), one]));
}

describe('what a cluster is given', { timeout: 180_000 }, () => {
  let controller: LoneController;
  before(async () => {
    const [binary = ''] = await buildReleases([{ version: OLD_VERSION }]);
    controller = new LoneController(binary);
    const stack = join(controller.dataDir, 'manifests', 'autopilot');
    await mkdir(stack, { recursive: true });
    await copyFile(INSTALL, join(stack, 'install.yaml'));
    controller.start();
    await controller.untilReady();
  });
  after(() => controller?.remove());

  async function kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await controller.kubectl(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  test('k0s applies it from its folder of manifests, from an empty cluster on', async () => {
    const wanted = manifestsOf(await readFile(INSTALL, 'utf8'));
    assert.ok(wanted.length > 20, `${wanted.length} manifests`);
    for (const { kind, metadata } of wanted) {
      const at = metadata.namespace === undefined ? [] : ['--namespace', metadata.namespace];
      await eventually(
        `${kind} ${metadata.name}`,
        () => kubectl('get', kind, metadata.name, ...at),
        { timeoutMs: 90_000, everyMs: 500 },
      );
    }
    await kubectl('wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s');
  });

  test('what k0s has applied, an administrator can apply as well', async () => {
    await kubectl('apply', '--server-side', '--force-conflicts', '-f', INSTALL);
    await kubectl('apply', '--server-side', '--force-conflicts', '-k', join(ROOT, 'deploy'));
  });

  test('a newer file in the folder is applied without a restart', async () => {
    const folder = join(controller.dataDir, 'manifests', 'autopilot');
    const text = await readFile(INSTALL, 'utf8');
    const more =
      '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: default}\n';
    await writeFile(join(folder, 'install.yaml'), text + more);
    await eventually('the newer one', () => kubectl('get', 'configmap', 'more'));
  });

  test('the one file is what kustomize makes of the folder, with the kinds first', async () => {
    const rendered = manifestsOf(await kubectl('kustomize', join(ROOT, 'deploy')));
    const file = manifestsOf(await readFile(INSTALL, 'utf8'));
    assert.deepEqual(byName(file), byName(rendered));
    const kinds = file.map(({ kind }) => kind);
    const crds = kinds.filter((kind) => kind === 'CustomResourceDefinition').length;
    assert.deepEqual(new Set(kinds.slice(0, crds)), new Set(['CustomResourceDefinition']));
    assert.equal(kinds[crds], 'Namespace');
  });

  test('the probes of the Deployment are answered by what it starts, where the kubelet asks, and nothing else is', async () => {
    const text = await readFile(join(ROOT, 'deploy-in-cluster/deployment.yaml'), 'utf8');
    const [deployment] = manifestsOf(text) as unknown as readonly Deployment[];
    const [container] = deployment?.spec.template.spec.containers ?? [];
    assert.ok(container);
    const podIp = '127.77.3.9';
    const args = container.args.map((arg) => arg.replace('$(POD_IP)', podIp));
    const kubeconfig = join(controller.dataDir, 'pki/admin.conf');
    const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), ...args], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: 'ignore',
    });
    try {
      const [port] = container.ports;
      const ask = async (path: string) =>
        (await fetch(`http://${podIp}:${port?.containerPort}${path}`)).status;
      for (const probe of [container.livenessProbe, container.readinessProbe]) {
        assert.equal(probe.httpGet.port, port?.name);
        await eventually(probe.httpGet.path, async () => (await ask(probe.httpGet.path)) === 200);
      }
      assert.equal(await ask('/metrics'), 403);
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });

  test('the orchestrator as a Deployment is accepted, and has no rights on its host', async () => {
    const folder = join(ROOT, 'deploy-in-cluster');
    const rendered = manifestsOf(await kubectl('kustomize', folder));
    const file = manifestsOf(await readFile(INSTALL, 'utf8'));
    const names = rendered.map(nameOf);
    for (const one of file) assert.ok(names.includes(nameOf(one)), nameOf(one));
    await kubectl('apply', '--server-side', '--force-conflicts', '-k', folder);
    // as the API server completes it, under the strictest of Kubernetes's own standards
    const label = 'pod-security.kubernetes.io/enforce=restricted';
    await kubectl('label', 'namespace', 'k0s-autopilot', label);
    const { stderr } = await controller.kubectl(
      ...['rollout', 'restart', 'deployment', 'autopilot-orchestrator'],
      ...['--namespace', 'k0s-autopilot'],
    );
    assert.doesNotMatch(stderr, /would violate/);
  });
});
