import {
  type AgentPolicy,
  type AgentPolicyRead,
  DEFAULT_AGENT_POLICY,
  type HostPolicy,
} from './agent-policy.ts';
import { AgentPolicyFile } from './agent-policy-store.ts';

export class HostPolicyStore implements HostPolicy {
  #current: AgentPolicy = DEFAULT_AGENT_POLICY;
  readonly #read: () => Promise<AgentPolicyRead>;

  constructor(read: () => Promise<AgentPolicyRead>) {
    this.#read = read;
  }

  static async open(path: string): Promise<HostPolicyStore> {
    const file = new AgentPolicyFile(path);
    const policy = new HostPolicyStore(() => file.read());
    await policy.refresh();
    return policy;
  }

  get current(): AgentPolicy {
    return this.#current;
  }

  async refresh(): Promise<string | undefined> {
    const read = await this.#read();
    if (read.kind === 'invalid') return read.message;
    this.#current = read.policy;
    return undefined;
  }
}
