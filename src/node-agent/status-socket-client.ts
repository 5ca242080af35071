import * as z from 'zod';
import { messageOf } from '../errors.ts';
import type { K0sStatus } from './host.ts';
import { askSocket } from './unix-http-client.ts';

/** It answers in milliseconds or is not well. */
const ANSWER_WITHIN_MS = 3000;

/** The part of k0s's status that we read. */
const statusSchema = z.looseObject({
  Version: z.string(),
  Pid: z.number().int(),
  Workloads: z.boolean().optional(),
  ClusterConfig: z
    .looseObject({
      spec: z
        .looseObject({ api: z.looseObject({ address: z.string().optional() }).optional() })
        .optional(),
    })
    .nullish(),
});

/** What answers on k0s's status socket. Never throws: silence is an answer. */
export async function readStatus(socketPath: string): Promise<K0sStatus> {
  try {
    const { status, body } = await askSocket(socketPath, 'GET', '/status', ANSWER_WITHIN_MS);
    if (status !== 200) return { kind: 'silent', message: `${socketPath} answers ${status}` };
    const { Version, Pid, Workloads, ClusterConfig } = statusSchema.parse(JSON.parse(body));
    const apiAddress = ClusterConfig?.spec?.api?.address;
    return {
      kind: 'answers',
      version: Version,
      pid: Pid,
      ...(Workloads !== undefined && { workloads: Workloads }),
      ...(apiAddress !== undefined && { apiAddress }),
    };
  } catch (thrown) {
    return { kind: 'silent', message: messageOf(thrown) };
  }
}
