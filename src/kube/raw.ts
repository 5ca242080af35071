/**
 * Objects as the API server sends them, as far as we read them. The API server has validated what it
 * stores; these types only say which parts may be missing.
 */
export interface RawMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly controller?: boolean;
  }[];
  readonly managedFields?: readonly {
    readonly manager?: string;
    readonly time?: string;
    readonly subresource?: string;
  }[];
}

export interface RawObject {
  readonly metadata: RawMeta;
}

export interface RawList<T extends RawObject = RawObject> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[] | null;
}

export interface RawCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface RawTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
}

export interface RawNode extends RawObject {
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly RawTaint[];
  };
  readonly status?: {
    readonly conditions?: readonly RawCondition[];
    readonly nodeInfo?: { readonly kubeletVersion?: string };
  };
}

export interface RawControlNode extends RawObject {
  readonly status?: {
    readonly k0sVersion?: string;
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  };
}

export interface RawLease extends RawObject {
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number | null;
    readonly leaseTransitions?: number | null;
    readonly acquireTime?: string | null;
    readonly renewTime?: string | null;
  };
}

export interface RawPod extends RawObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly priority?: number;
    readonly volumes?: readonly { readonly emptyDir?: object | null }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly RawCondition[];
    readonly initContainerStatuses?: readonly RawContainerStatus[];
    readonly containerStatuses?: readonly RawContainerStatus[];
  };
}

export interface RawContainerStatus {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: { readonly reason?: string } | null };
}

/** What tells an object from the others of its collection. */
export function keyOf(metadata: Pick<RawMeta, 'name' | 'namespace'>): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}
