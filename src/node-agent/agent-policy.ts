/**
 * What the owner of a host allows an orchestrator to do there: the last word, which the API cannot loosen.
 * Read from `/etc/autopilot/agent.yaml`. @see docs/usage/agent-policy.md
 */
export interface AgentPolicy {
  readonly download: DownloadRules;
  readonly signatures: SignatureRules;
  /** `Deny`: an order for a lower version is refused. An undo is no downgrade. */
  readonly downgrade: 'Allow' | 'Deny';
  readonly confirm: ConfirmRules;
  /** Where backups are kept; beside the agent's state unless said. */
  readonly backupFolder: string | undefined;
}

export interface DownloadRules {
  /** Nothing else is fetched, redirects included; undefined: everything may be. */
  readonly allowedPrefixes: readonly string[] | undefined;
  /** An address that begins with `prefix` is first looked for at each of `mirrors`, in this order. */
  readonly mirrors: readonly { readonly prefix: string; readonly mirrors: readonly string[] }[];
  /** Undefined: as fast as it comes. */
  readonly bytesPerSecond: number | undefined;
  /** Longer artifacts are refused. */
  readonly maxBytes: number;
  /** How often one download may be begun or gone on with. */
  readonly attempts: number;
  /** Without a byte for so long a download hangs. */
  readonly stallMs: number;
  /** PEM file of certificates that are trusted beside the system's own. */
  readonly caFile: string | undefined;
  /** Root-only YAML file of credentials by URL prefix, read again whenever it has changed. */
  readonly credentialsFile: string | undefined;
  /** A partial download older than this is dropped. */
  readonly keepPartialMs: number;
}

export interface SignatureRules {
  /** False: signatures are not even looked for. */
  readonly required: boolean;
  /** Ed25519 public keys, as minisign prints them. */
  readonly trustedKeys: readonly string[];
}

/** `local`: a k0s that has been healthy for `afterMs` is kept without waiting for anybody's commit. */
export type ConfirmRules =
  | { readonly by: 'cluster' }
  | { readonly by: 'local'; readonly afterMs: number };

/** What holds without a policy file. */
export const DEFAULT_AGENT_POLICY: AgentPolicy = {
  download: {
    allowedPrefixes: undefined,
    mirrors: [],
    bytesPerSecond: undefined,
    maxBytes: 4 * 1024 ** 3,
    attempts: 1000,
    stallMs: 60_000,
    caFile: undefined,
    credentialsFile: undefined,
    keepPartialMs: 7 * 24 * 60 * 60 * 1000,
  },
  signatures: { required: false, trustedKeys: [] },
  downgrade: 'Allow',
  confirm: { by: 'cluster' },
  backupFolder: undefined,
};

export type AgentPolicyRead =
  /** No such file: `policy` is that of defaults. */
  | { readonly kind: 'absent'; readonly policy: AgentPolicy }
  | { readonly kind: 'read'; readonly policy: AgentPolicy }
  /** Fails closed: nothing new may be begun on this host until somebody has put it right. */
  | { readonly kind: 'invalid'; readonly message: string };

/** Where it lies unless the agent is told otherwise. */
export const AGENT_POLICY_FILE = '/etc/autopilot/agent.yaml';

/** The owner's policy as it was last read well, for what is under way while its file cannot be used. */
export interface HostPolicy {
  readonly current: AgentPolicy;
  /** Reads it again. @returns why it cannot be used; then nothing may be begun */
  refresh(): Promise<string | undefined>;
}
