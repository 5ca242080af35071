import { setTimeout as delay } from 'node:timers/promises';
import { AutopilotError } from '../../src/errors.ts';
import { isNotFound } from '../../src/kube/api-error.ts';
import type { Kube } from '../../src/kube/client.ts';
import { PLANS } from '../../src/kube/target-path.ts';

const PLAN = `${PLANS}/autopilot`;

export interface InPlaceUpdate {
  readonly id: string;
  readonly role: 'controllers' | 'workers';
  readonly node: string;
  readonly version: string;
  readonly url: string;
}

interface StoredPlan {
  readonly metadata: { readonly uid: string };
  readonly status?: {
    readonly state?: string;
    readonly commands?:
      | readonly {
          readonly state: string;
          readonly k0supdate?: Readonly<
            Record<string, readonly { readonly name: string; readonly state: string }[] | undefined>
          >;
        }[]
      | null;
  };
}

/**
 * Updates one machine as k0smotron does in place: it makes the Plan `autopilot` for that machine alone, in the
 * form that Go gives it, with empty structs and a status; polls its state, and takes any that it does not know
 * for an error; and deletes the Plan of the update before once that is Completed.
 * @returns the states that it has read, and the uid of its Plan
 * @throws Error for a state that it does not know
 * @see k0smotron internal/controller/controlplane/inplace.go
 */
export async function updateInPlace(
  kube: Kube,
  update: InPlaceUpdate,
): Promise<{ readonly states: readonly string[]; readonly uid: string }> {
  const before = await read(kube);
  if (before !== undefined) {
    if (before.status?.state !== 'Completed') throw new Error('the update before is under way');
    await kube.request('DELETE', PLAN);
  }
  const { metadata } = await kube.request<StoredPlan>('POST', PLANS, { body: planOf(update) });
  const states: string[] = [];
  for (;;) {
    const plan = await poll(kube);
    const state = plan?.status?.state ?? '';
    if (states.at(-1) !== state) states.push(state);
    switch (state) {
      case 'Completed': {
        const target = plan?.status?.commands?.[0]?.k0supdate?.[update.role]?.[0];
        if (target?.name !== update.node || target.state !== 'SignalCompleted') {
          throw new Error(`Completed, and its target is ${JSON.stringify(target)}`);
        }
        return { states, uid: metadata.uid };
      }
      case '':
      case 'NewPlan':
      case 'Schedulable':
      case 'SchedulableWait':
        await delay(200);
        continue;
      default:
        throw new Error(`unknown state ${state}: ${JSON.stringify(plan?.status)}`);
    }
  }
}

async function read(kube: Kube): Promise<StoredPlan | undefined> {
  try {
    return await kube.request<StoredPlan>('GET', PLAN);
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

/** The one API server is away while its controller is updated: k0smotron comes back later. */
async function poll(kube: Kube): Promise<StoredPlan | undefined> {
  for (;;) {
    try {
      return await read(kube);
    } catch (thrown) {
      if (!(thrown instanceof AutopilotError) || !thrown.retryable) throw thrown;
      await delay(200);
    }
  }
}

/** Go writes what is empty as well. */
function planOf({ id, role, node, version, url }: InPlaceUpdate): object {
  const nobody = { discovery: {}, limits: {} };
  const one = { discovery: { static: { nodes: [node] } }, limits: {} };
  return {
    apiVersion: 'autopilot.k0sproject.io/v1beta2',
    kind: 'Plan',
    metadata: { name: 'autopilot', creationTimestamp: null },
    spec: {
      ...{ id, timestamp: 'now' },
      commands: [
        {
          k0supdate: {
            version,
            platforms: Object.fromEntries(
              ['linux-amd64', 'linux-arm64', 'linux-arm'].map((platform) => [platform, { url }]),
            ),
            targets: { controllers: nobody, workers: nobody, [role]: one },
          },
        },
      ],
    },
    status: { state: '', commands: null },
  };
}
