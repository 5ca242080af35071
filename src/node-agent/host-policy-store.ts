import { type AgentPolicy, type AgentPolicyRead, DEFAULT_AGENT_POLICY } from './agent-policy.ts';
import { AgentPolicyFile } from './agent-policy-store.ts';

/** The owner's policy as it was last read well, for what is under way while the file cannot be used. */
export class HostPolicy {
  #current: AgentPolicy = DEFAULT_AGENT_POLICY;
  readonly #read: () => Promise<AgentPolicyRead>;

  constructor(read: () => Promise<AgentPolicyRead>) {
    this.#read = read;
  }

  static async open(path: string): Promise<HostPolicy> {
    const file = new AgentPolicyFile(path);
    const policy = new HostPolicy(() => file.read());
    await policy.refresh();
    return policy;
  }

  get current(): AgentPolicy {
    return this.#current;
  }

  /** Reads it again. @returns why it cannot be used; then nothing may be begun */
  async refresh(): Promise<string | undefined> {
    const read = await this.#read();
    if (read.kind === 'invalid') return read.message;
    this.#current = read.policy;
    return undefined;
  }
}
