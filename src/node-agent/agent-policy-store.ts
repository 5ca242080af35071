import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing } from '../artifacts/system-error.ts';
import { messageOf } from '../errors.ts';
import { type AgentPolicyRead, DEFAULT_AGENT_POLICY } from './agent-policy.ts';

const LONGEST_BYTES = 64 * 1024;

/** Reads the policy of this host once. Never throws. */
export function readAgentPolicy(path: string): Promise<AgentPolicyRead> {
  return new AgentPolicyFile(path).read();
}

/** The policy of this host as it is now; the text is parsed again only when the file has changed. */
export class AgentPolicyFile {
  readonly #path: string;
  /** Who may own it: root, or whoever runs the agent where that is not root. */
  readonly #owners: ReadonlySet<number>;
  #known: { readonly key: string; readonly read: AgentPolicyRead } | undefined;

  constructor(path: string, ownUid: number = process.getuid?.() ?? 0) {
    this.#path = path;
    this.#owners = new Set([0, ownUid]);
  }

  /** Never throws: what cannot be read is `invalid`. */
  async read(): Promise<AgentPolicyRead> {
    let file: FileHandle;
    try {
      // not to hang on a pipe that somebody has put there
      file = await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (thrown) {
      return this.#unopened(thrown);
    }
    try {
      return await this.#judge(file);
    } catch (thrown) {
      return this.#invalid(`cannot be read: ${messageOf(thrown)}`);
    } finally {
      await file.close().catch(() => undefined);
    }
  }

  async #unopened(thrown: unknown): Promise<AgentPolicyRead> {
    const isThere = await lstat(this.#path).then(
      () => true,
      (error: unknown) => !isMissing(error),
    );
    // a link that leads nowhere is a policy that was meant and is lost, not one that never was
    if (isThere) return this.#invalid(`cannot be read: ${messageOf(thrown)}`);
    return { kind: 'absent', policy: DEFAULT_AGENT_POLICY };
  }

  async #judge(file: FileHandle): Promise<AgentPolicyRead> {
    const found = await file.stat({ bigint: true });
    const objection = this.#objectionTo(found) ?? (await this.#objectionToFolders());
    if (objection !== undefined) return this.#invalid(objection);
    const key = `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
    if (this.#known?.key === key) return this.#known.read;
    const read = await this.#parse(file);
    this.#known = { key, read };
    return read;
  }

  async #parse(file: FileHandle): Promise<AgentPolicyRead> {
    const bytes = await file.readFile();
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return this.#invalid('wanted text in UTF-8, found other bytes');
    }
    // the YAML parser costs 3 MB: only for hosts that have a policy
    const { parseAgentPolicy } = await import('./agent-policy-parse.ts');
    return parseAgentPolicy(text, this.#path);
  }

  #objectionTo(found: BigIntStats): string | undefined {
    if (!found.isFile()) return 'wanted a file, found something else';
    if (found.size > LONGEST_BYTES) {
      return `wanted at most ${LONGEST_BYTES} bytes, found ${found.size}`;
    }
    return this.#objectionToRights(found);
  }

  #objectionToRights({ uid, mode }: { uid: bigint; mode: bigint }): string | undefined {
    if (!this.#owners.has(Number(uid))) {
      return `wanted ${[...this.#owners].map((id) => (id === 0 ? 'root' : `user ${id}`)).join(' or ')} as its owner, found user ${uid}`;
    }
    const shown = (mode & 0o7777n).toString(8).padStart(4, '0');
    return (mode & 0o022n) === 0n
      ? undefined
      : `wanted it writable by its owner alone, found mode ${shown}`;
  }

  /** Who can write a folder can exchange its files: that of the name, and that of the file it leads to. */
  async #objectionToFolders(): Promise<string | undefined> {
    const folders = new Set([dirname(this.#path), dirname(await realpath(this.#path))]);
    for (const folder of folders) {
      const objection = this.#objectionToRights(await stat(folder, { bigint: true }));
      if (objection !== undefined) return `its folder ${folder}: ${objection}`;
    }
    return undefined;
  }

  #invalid(message: string): AgentPolicyRead {
    return { kind: 'invalid', message: `${this.#path}: ${message}` };
  }
}
