/** What a cluster is given, as kustomize reads it and as one file. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/** A name that kustomize knows, and `kubectl apply -f FOLDER` passes over. */
const KUSTOMIZATION = 'Kustomization';
export const CRDS_KUSTOMIZATION = `crds/${KUSTOMIZATION}`;
const BASE = 'deploy';
const MADE = 'by `npm run generate`; do not edit.';

export function crdsKustomization(names: readonly string[]): string {
  return [
    `# Made from src/api ${MADE}`,
    'apiVersion: kustomize.config.k8s.io/v1beta1',
    'kind: Kustomization',
    'resources:',
    ...names.map((name) => `  - ${name}`),
    '',
  ].join('\n');
}

/**
 * All that `deploy/Kustomization` names, the kinds first: whoever applies a file from top to bottom, as k0s
 * does, meets nothing that is not known yet.
 * @param crds in place of its `../crds`
 * @param made texts of files that are made as well, by name
 */
export async function installManifest(
  root: string,
  crds: readonly { readonly text: string }[],
  made: Readonly<Record<string, string>> = {},
): Promise<string> {
  const kustomization = await readFile(join(root, BASE, KUSTOMIZATION), 'utf8');
  const { resources } = parse(kustomization) as { resources: readonly string[] };
  const files = resources.filter((name) => name.endsWith('.yaml'));
  const known = new Set([...files, 'install.yaml']);
  const strangers = (await readdir(join(root, BASE))).filter(
    (name) => name.endsWith('.yaml') && !known.has(name),
  );
  if (strangers.length > 0) {
    throw new Error(`deploy/Kustomization does not name ${strangers.join(', ')}`);
  }
  const texts = await Promise.all(
    files.map((name) => made[name] ?? readFile(join(root, BASE, name), 'utf8')),
  );
  const documents = [...crds.map(({ text }) => withoutHead(text)), ...texts];
  const head = `# Made from crds/ and deploy/ ${MADE}\n# What a cluster needs: kubectl apply --server-side -f install.yaml\n`;
  return head + documents.map((text) => `---\n${text}`).join('');
}

function withoutHead(text: string): string {
  return text.replace(/^#.*\n/, '');
}
