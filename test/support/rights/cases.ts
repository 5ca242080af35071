import { ANNOTATION } from '../../../src/api/meta.ts';
import { ApiError } from '../../../src/kube/api-error.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { CONTROL_NODES, NODES, PLANS } from '../../../src/kube/target-path.ts';

/** A write that RBAC alone cannot tell from others. */
export interface Case {
  readonly title: string;
  readonly path: string;
  readonly body: object;
}

const annotate = (key: string) => ({ metadata: { annotations: { [key]: 'a new value' } } });
const request = (by: string) => ({
  status: { requests: [{ nonce: 'n-12345678', verb: 'pause', by }] },
});
const hosts = [
  ['Node w1', `${NODES}/w1`],
  ['Node w2', `${NODES}/w2`],
  ['ControlNode c1', `${CONTROL_NODES}/c1`],
  ['ControlNode c2', `${CONTROL_NODES}/c2`],
] as const;

export const CASES: readonly Case[] = [
  ...hosts.flatMap(([host, path]) => [
    { title: `the order of ${host}`, path, body: annotate(ANNOTATION.order) },
    { title: `the report of ${host}`, path, body: annotate(ANNOTATION.report) },
    { title: `another annotation of ${host}`, path, body: annotate('example.net/note') },
  ]),
  {
    title: 'the mark of a cordon on Node w1',
    path: `${NODES}/w1`,
    body: annotate(ANNOTATION.cordonedFor),
  },
  {
    title: 'the order of Node w1, through its status',
    path: `${NODES}/w1/status`,
    body: annotate(ANNOTATION.order),
  },
  {
    title: 'how a Plan stands',
    path: `${PLANS}/spring/status`,
    body: { status: { state: 'Completed' } },
  },
  { title: 'a request in the name of ann', path: `${PLANS}/spring/status`, body: request('ann') },
  { title: 'a request in the name of bob', path: `${PLANS}/spring/status`, body: request('bob') },
  { title: 'what a Plan wants', path: `${PLANS}/spring`, body: { spec: { id: '2' } } },
];

export type Answer = 'yes' | 'no' | 'admission';

/** @returns who said no: the authorizer, or an admission policy or plugin behind it */
export async function tryCase(kube: Kube, { path, body }: Case): Promise<Answer> {
  try {
    const contentType = 'application/merge-patch+json';
    await kube.request('PATCH', path, { query: { dryRun: 'All' }, contentType, body });
    return 'yes';
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.status !== 403) throw thrown;
    const isAdmission = /ValidatingAdmissionPolicy|is not allowed to modify/.test(thrown.message);
    return isAdmission ? 'admission' : 'no';
  }
}
