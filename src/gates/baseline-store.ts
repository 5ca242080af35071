import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type * as z from 'zod';
import { API_VERSION, BASELINE_LABEL, NAMESPACE } from '../api/meta.ts';
import { isAlreadyExists } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import { deleteIfThere } from '../kube/delete-if-there.ts';
import { getIfThere } from '../kube/get-if-there.ts';
import type { RawList, RawObject } from '../kube/raw.ts';

const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const FIELD = 'baseline.json.gz';
/** A ConfigMap holds 1 MiB, and base64 makes four bytes of three. */
const MOST_BYTES = 700 * 1024;
/** Far more than a ConfigMap can hold of what does not repeat itself: no bomb. */
const MOST_INFLATED_BYTES = 64 * 1024 * 1024;

const compress = promisify(gzip);
const decompress = promisify(gunzip);

interface ConfigMap extends RawObject {
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** Of which run, and of what in it. */
export interface BaselineId {
  readonly plan: { readonly name: string; readonly uid: string };
  readonly runID: string;
  /** Name of the gate. */
  readonly gate: string;
}

/**
 * What was there before a run, in a ConfigMap of its own for each gate: it outlives the leader that took it,
 * and no second one ever replaces it. It belongs to the Plan, and goes with it.
 */
export class BaselineStore {
  readonly #kube: Kube;

  constructor(kube: Kube) {
    this.#kube = kube;
  }

  /**
   * @returns undefined where none is stored
   * @throws ApiError, ApiUnreachableError; Error where what is stored cannot be read
   */
  async read<T>(id: BaselineId, schema: z.ZodType<T>, signal: AbortSignal): Promise<T | undefined> {
    const path = `${CONFIG_MAPS}/${nameOf(id)}`;
    const stored = await getIfThere<ConfigMap>(this.#kube, path, signal);
    if (stored === undefined) return undefined;
    const packed = Buffer.from(stored.binaryData?.[FIELD] ?? '', 'base64');
    const text = await decompress(packed, { maxOutputLength: MOST_INFLATED_BYTES });
    return schema.parse(JSON.parse(text.toString('utf8')));
  }

  /**
   * Stores it, unless another one was there first: then that one counts, and is to be read.
   * @throws Error that says how large it is where it is too large
   */
  async write(id: BaselineId, content: unknown, signal: AbortSignal): Promise<void> {
    const packed = await compress(JSON.stringify(content));
    if (packed.length > MOST_BYTES) {
      throw new Error(
        `wanted no more than ${MOST_BYTES / 1024} KiB, found ${Math.ceil(packed.length / 1024)} KiB`,
      );
    }
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: nameOf(id),
        labels: { [BASELINE_LABEL]: id.runID },
        ownerReferences: [
          { apiVersion: API_VERSION, kind: 'Plan', name: id.plan.name, uid: id.plan.uid },
        ],
      },
      immutable: true,
      binaryData: { [FIELD]: packed.toString('base64') },
    };
    try {
      await this.#kube.request('POST', CONFIG_MAPS, { body, signal });
    } catch (thrown) {
      if (!isAlreadyExists(thrown)) throw thrown;
    }
  }

  /** Removes those of all runs but these. */
  async keepOnly(runIDs: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const query = { labelSelector: BASELINE_LABEL };
    const list: RawList = await this.#kube.request('GET', CONFIG_MAPS, { query, signal });
    for (const { metadata } of list.items ?? []) {
      if (runIDs.has(metadata.labels?.[BASELINE_LABEL] ?? '')) continue;
      await deleteIfThere(this.#kube, `${CONFIG_MAPS}/${metadata.name}`, signal);
    }
  }
}

function nameOf({ runID, gate }: BaselineId): string {
  return `baseline-${runID}-${gate}`;
}
