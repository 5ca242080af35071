import { messageOf } from '../errors.ts';
import type { Kube } from '../kube/client.ts';
import { writeUpdatePolicyStatus } from '../kube/status-writer.ts';
import type { Log } from '../log.ts';
import type { ClusterPolicy } from './cluster-policy.ts';
import type { TrimmedUpdatePolicy } from './trim-update-policy.ts';
import { updatePolicyStatus } from './update-policy-status.ts';

/** Writes the status of the UpdatePolicy: one write at a time, and none that would say the same again. */
export class UpdatePolicyClient {
  readonly #kube: Kube;
  readonly #log: Log;
  #isWriting = false;

  constructor(kube: Kube, log: Log) {
    this.#kube = kube;
    this.#log = log;
  }

  /** Never throws; what fails is tried again at the next look, which comes by itself. */
  tell(stored: TrimmedUpdatePolicy | undefined, cluster: ClusterPolicy, signal: AbortSignal): void {
    if (stored === undefined || this.#isWriting) return;
    const status = updatePolicyStatus(stored, cluster, Date.now());
    if (status === stored.status) return;
    this.#isWriting = true;
    writeUpdatePolicyStatus(this.#kube, stored, status, signal)
      .catch((thrown) => {
        if (signal.aborted) return;
        this.#log.warn({ error: messageOf(thrown) }, 'status of the UpdatePolicy not written');
      })
      .finally(() => {
        this.#isWriting = false;
      });
  }
}
