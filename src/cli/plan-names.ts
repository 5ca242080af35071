import { connect } from '../kube/client.ts';
import { PLANS } from '../kube/target-path.ts';
import { list } from './preview-list.ts';

/** Nobody waits longer for a list that appears while they type. */
const PATIENCE_MS = 2_000;

/**
 * Names of Plans that begin with the last word; none where the cluster does not answer: completion never
 * complains.
 */
export async function planNames(words: readonly string[]): Promise<string[]> {
  const given = (name: string) => {
    const at = words.indexOf(name);
    return at < 0 ? undefined : words[at + 1];
  };
  try {
    const kube = connect({ kubeconfig: given('--kubeconfig'), context: given('--context') });
    const timer = setTimeout(() => void kube.close(), PATIENCE_MS);
    try {
      const names = (await list(kube, PLANS)).map(({ metadata }) => metadata.name);
      return names.filter((name) => name.startsWith(words.at(-1) ?? ''));
    } finally {
      clearTimeout(timer);
      await kube.close();
    }
  } catch {
    return [];
  }
}
