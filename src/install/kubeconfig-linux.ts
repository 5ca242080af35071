import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { messageOf } from '../errors.ts';
import { run } from './changes-linux.ts';
import { CannotInstallError } from './errors.ts';

/** One that ends sooner is made anew. */
const LEAST_LEFT_MS = 30 * 86_400_000;

export interface Identity {
  readonly user: string;
  readonly group: string | undefined;
}

/**
 * Has this host's k0s make a kubeconfig, unless the one that is there is as good: of the same user and cluster, and
 * valid for a month and more. So installing twice leaves the first one.
 * @throws CannotInstallError with what k0s says
 */
export async function kubeconfigOf(
  { user, group }: Identity,
  k0s: { readonly binary: string; readonly dataDir: string },
  there: string,
): Promise<string> {
  const groups = group === undefined ? [] : ['--groups', group];
  const argv = [k0s.binary, 'kubeconfig', 'create', user, ...groups, '--data-dir', k0s.dataDir];
  let fresh: string;
  try {
    fresh = await run(argv);
  } catch (thrown) {
    throw new CannotInstallError(
      `k0s made no credential for ${user}; it has to have run once on this host: ${messageOf(thrown)}`,
    );
  }
  const kept = await readFile(there, 'utf8').catch(() => undefined);
  return kept !== undefined && isAsGood(kept, fresh, Date.now()) ? kept : fresh;
}

function isAsGood(kept: string, fresh: string, nowMs: number): boolean {
  try {
    const [one, other] = [partsOf(kept), partsOf(fresh)];
    return (
      one.cluster === other.cluster &&
      one.certificate.subject === other.certificate.subject &&
      one.certificate.validToDate.getTime() - nowMs > LEAST_LEFT_MS
    );
  } catch {
    return false; // not one of ours, or cut short
  }
}

function partsOf(text: string) {
  const { clusters, users } = parse(text) as {
    clusters: readonly { cluster: unknown }[];
    users: readonly { user: Record<string, string> }[];
  };
  const data = users[0]?.user['client-certificate-data'] ?? '';
  return {
    cluster: JSON.stringify(clusters[0]?.cluster),
    certificate: new X509Certificate(Buffer.from(data, 'base64')),
  };
}
