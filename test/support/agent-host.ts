import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askSocket } from '../../src/node-agent/unix-http-client.ts';
import { parseReport, type Report } from '../../src/signals/report.ts';
import type { ServiceView } from '../../tools/minihost/service.ts';
import { eventually } from './eventually.ts';
import { SmallApi } from './small-api.ts';

const ROOT = join(import.meta.dirname, '../..');
export const NODE_PATH = '/api/v1/nodes/host1';
const REPORT = 'autopilot.k0sproject.io/report';
const ORDER = 'autopilot.k0sproject.io/order';

export type Fault = 'sound' | 'exits' | 'lies' | 'silent';

let built: Buffer | undefined;

/** The file of a release of the stand-in for k0s. Built once, with Go, into the temporary folder. */
export function fakeK0s(version: string, fault: Fault = 'sound'): Buffer {
  built ??= readFileSync(buildFakeK0s());
  return Buffer.concat([built, Buffer.from(`\nk0s-release: ${version} ${fault}\n`)]);
}

function buildFakeK0s(): string {
  const folder = join(ROOT, '.tmp', 'fake-k0s');
  const source = join(import.meta.dirname, 'fake-k0s', 'main.go');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'fake-k0s');
  const unfinished = `${program}.${process.pid}`;
  execFileSync('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', unfinished, source], {
    env: { ...process.env, CGO_ENABLED: '0' },
  });
  renameSync(unfinished, program);
  return program;
}

/** One simulated host with a stand-in for k0s and a real agent process, and an API for its Node. */
export class AgentHost {
  readonly folder: string;
  readonly api = new SmallApi();
  readonly binary: string;
  readonly control: string;
  #init: ChildProcess | undefined;
  #agent: ChildProcess | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.binary = join(folder, 'bin', 'k0s');
    this.control = join(folder, 'init.sock');
  }

  static async start(version: string): Promise<AgentHost> {
    const host = new AgentHost(await mkdtemp(join(tmpdir(), 'autopilot-agent-')));
    mkdirSync(join(host.folder, 'bin'));
    writeFileSync(host.binary, fakeK0s(version), { mode: 0o755 });
    await host.api.start();
    host.api.put(NODE_PATH, { kind: 'Node', metadata: { name: 'host1', annotations: {} } });
    host.writeKubeconfig(host.api.url);
    host.startInit();
    await eventually('k0s to run', () => host.version());
    return host;
  }

  get statusSocket(): string {
    return join(this.folder, 'status.sock');
  }

  writeKubeconfig(server: string): void {
    const path = join(this.folder, 'kubeconfig');
    writeFileSync(
      `${path}.new`,
      `apiVersion: v1
kind: Config
current-context: k0s
clusters: [{name: k0s, cluster: {server: "${server}"}}]
contexts: [{name: k0s, context: {cluster: k0s, user: node}}]
users: [{name: node, user: {token: abc}}]
`,
    );
    renameSync(`${path}.new`, path);
  }

  startInit(): void {
    const config = join(this.folder, 'host.json');
    const services = [
      {
        name: 'k0s',
        argv: [this.binary, 'worker'],
        env: { STATUS_SOCKET: this.statusSocket },
        restartDelayMs: 300,
        log: join(this.folder, 'k0s.log'),
      },
    ];
    writeFileSync(config, JSON.stringify({ control: this.control, services }));
    this.#init = spawn(
      process.execPath,
      [join(ROOT, 'tools/minihost/main.ts'), '--config', config],
      {
        stdio: ['pipe', 'ignore', 'inherit'],
      },
    );
  }

  /** Ends the init process as a closed terminal does. */
  async stopInit(): Promise<void> {
    const init = this.#init;
    if (init === undefined || init.exitCode !== null) return;
    const ended = new Promise((resolve) => init.once('exit', resolve));
    init.stdin?.end();
    await ended;
  }

  /**
   * @param more flags instead of, or beside, the usual ones
   * @param argv what is run, up to our flags: our sources, unless it is said otherwise
   */
  startAgent(
    more: Readonly<Record<string, string>> = {},
    [command, ...args]: readonly [string, ...string[]] = [
      process.execPath,
      join(ROOT, 'src/main.ts'),
      'agent',
    ],
  ): void {
    const log = openSync(join(this.folder, 'agent.log'), 'a');
    const flags = {
      role: 'worker',
      name: 'host1',
      kubeconfig: join(this.folder, 'kubeconfig'),
      service: `supervised:${this.control}`,
      binary: this.binary,
      'state-dir': join(this.folder, 'state'),
      'status-socket': this.statusSocket,
      ...more,
    };
    this.#agent = spawn(
      command,
      [...args, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)],
      { stdio: ['ignore', log, log] },
    );
  }

  async stopAgent(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const agent = this.#agent;
    this.#agent = undefined;
    if (agent === undefined || agent.exitCode !== null) return agent?.exitCode ?? null;
    const ended = new Promise((resolve) => agent.once('exit', resolve));
    agent.kill(signal);
    await ended;
    return agent.exitCode;
  }

  get agentPid(): number | undefined {
    return this.#agent?.pid;
  }

  get agentLog(): string {
    return readFileSync(join(this.folder, 'agent.log'), 'utf8');
  }

  order(text: string | undefined): void {
    this.api.annotate(NODE_PATH, ORDER, text);
  }

  /** As it is stored. */
  get reportText(): string | undefined {
    return this.api.annotation(NODE_PATH, REPORT);
  }

  get report(): Report | undefined {
    const parsed = parseReport(this.reportText);
    if (parsed.kind === 'invalid') throw new Error(parsed.message);
    return parsed.kind === 'valid' ? parsed.value : undefined;
  }

  /** Waits until the report says so. */
  reported(what: string, says: (report: Report) => boolean, timeoutMs = 20_000): Promise<Report> {
    return eventually(
      what,
      () => {
        const { report } = this;
        if (report && says(report)) return report;
        throw new Error(`the report is ${JSON.stringify(report)}`);
      },
      { timeoutMs, everyMs: 20 },
    ).catch((thrown: unknown) => {
      const log = existsSync(join(this.folder, 'agent.log')) ? this.agentLog : '';
      throw new Error(`${(thrown as Error).message}\n${log}`);
    });
  }

  async version(): Promise<string> {
    const { body } = await askSocket(this.statusSocket, 'GET', '/status', 1000);
    return (JSON.parse(body) as { Version: string }).Version;
  }

  async service(): Promise<ServiceView> {
    const { body } = await askSocket(this.control, 'GET', '/services/k0s', 1000);
    return JSON.parse(body) as ServiceView;
  }

  async tell(verb: 'start' | 'stop' | 'restart' | 'kill'): Promise<unknown> {
    const { body } = await askSocket(this.control, 'POST', `/services/k0s/${verb}`, 10_000);
    return JSON.parse(body);
  }

  async stop(): Promise<void> {
    await this.stopAgent();
    await this.stopInit();
    await this.api.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
