import { API_VERSION, EXTENSIONS_API_VERSION, NAMESPACE } from '../api/meta.ts';
import type { Role } from '../api/plan.ts';
import { NODE } from './protobuf/kinds.ts';
import type { Kind } from './protobuf/message.ts';
import type { RawNode } from './raw.ts';

export const NODES = '/api/v1/nodes';
export const CONTROL_NODES = `/apis/${API_VERSION}/controlnodes`;
export const PLANS = `/apis/${API_VERSION}/plans`;
export const UPDATE_CONFIGS = `/apis/${API_VERSION}/updateconfigs`;
export const UPDATE_POLICIES = `/apis/${EXTENSIONS_API_VERSION}/updatepolicies`;
export const QUARANTINED_ARTIFACTS = `/apis/${EXTENSIONS_API_VERSION}/quarantinedartifacts`;
export const UPDATE_RUNS = `/apis/${EXTENSIONS_API_VERSION}/updateruns`;
export const PLAN_TARGETS = `/apis/${EXTENSIONS_API_VERSION}/plantargets`;
export const BUDGETS = '/apis/policy/v1/poddisruptionbudgets';
export const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
export const NODE_LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

/** @returns what the object at a path is, where an API server can send it in protobuf: nothing that a definition defines */
export function kindAt(path: string): Kind<RawNode> | undefined {
  return path.startsWith(`${NODES}/`) ? NODE : undefined;
}

/** The object that stands for a target: a pure controller has no Node. */
export function targetPath(role: Role, name: string): string {
  return `${role === 'controller' ? CONTROL_NODES : NODES}/${encodeURIComponent(name)}`;
}
