import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { parseAllDocuments } from 'yaml';
import { ConfigError } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { InstalledObject } from '../plans/outdated.ts';

/** One object of ours, and where the API server keeps it. */
export interface Manifest {
  readonly path: string;
  /** `ClusterRole autopilot:leader` */
  readonly name: string;
  readonly object: InstalledObject & {
    readonly apiVersion: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
  };
}

/** All that our manifests hold; anything else in them is a fault of ours. */
const PLURALS: Readonly<Record<string, string>> = {
  CustomResourceDefinition: 'customresourcedefinitions',
  Namespace: 'namespaces',
  ServiceAccount: 'serviceaccounts',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  PriorityLevelConfiguration: 'prioritylevelconfigurations',
  FlowSchema: 'flowschemas',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
};
/** What others stand on comes first. */
const FIRST = ['CustomResourceDefinition', 'Namespace', 'ServiceAccount'];

/** The folder of the clone, of the built program, and of an installed one, from where this file is. */
const BESIDE = ['../..', '..', '../manifests', 'manifests', '.'];

/** @throws ConfigError where there are none */
export async function readManifests(folder: string | undefined): Promise<Manifest[]> {
  // the program as one file has them in itself
  if (folder === undefined && isSea())
    return inOrder(manifestsOf(getAsset('install.yaml', 'utf8')));
  const failures: string[] = [];
  const roots =
    folder === undefined ? BESIDE.map((path) => join(import.meta.dirname, path)) : [folder];
  for (const root of roots) {
    try {
      return await readAll(root);
    } catch (thrown) {
      failures.push(messageOf(thrown));
    }
  }
  throw new ConfigError(
    `wanted a folder with crds/ and deploy/, as this project has them, found none (${failures[0]}); name it: --manifests FOLDER`,
  );
}

async function readAll(root: string): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const folder of ['crds', 'deploy']) {
    const files = (await readdir(join(root, folder))).filter(
      // which has the same once more
      (name) => name.endsWith('.yaml') && name !== 'install.yaml',
    );
    for (const file of files.sort()) {
      const text = await readFile(join(root, folder, file), 'utf8');
      manifests.push(...manifestsOf(text));
    }
  }
  return inOrder(manifests);
}

function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => manifestOf(document.toJS()));
}

function inOrder(manifests: readonly Manifest[]): Manifest[] {
  const rank = ({ object }: Manifest) => {
    const at = FIRST.indexOf(object.kind);
    return at < 0 ? FIRST.length : at;
  };
  return manifests.toSorted((a, b) => rank(a) - rank(b));
}

function manifestOf(object: Manifest['object']): Manifest {
  const { apiVersion, kind, metadata } = object;
  const plural = PLURALS[kind];
  if (plural === undefined)
    throw new Error(`${kind} ${metadata.name}: not a kind of our manifests`);
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const namespace = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return {
    path: `${root}${namespace}/${plural}/${encodeURIComponent(metadata.name)}`,
    name: `${kind} ${metadata.name}`,
    object,
  };
}
