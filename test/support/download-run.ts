import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { LEAN_ENVIRONMENT, LEAN_NODE_FLAGS } from '../../src/lean-linux.ts';
import type { DownloadRules } from '../../src/node-agent/agent-policy.ts';
import type { ChildReport } from './download-child.ts';

const root = dirname(dirname(import.meta.dirname));

/** Makes one file of it, as what ships is: to read TypeScript takes memory of its own. */
export async function bundleDownloader(): Promise<string> {
  const outfile = join(root, `.tmp/download-child-${process.pid}.mjs`);
  await mkdir(dirname(outfile), { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, 'download-child.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // packages in CommonJS ask for Node's modules by `require`
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    minifyWhitespace: true,
    logLevel: 'warning',
  });
  return outfile;
}

/** Downloads in a process of its own, as lean as an agent. The server must have `/1` as well. */
export async function downloadApart(
  program: string,
  url: string,
  stateFolder: string,
  rules: Partial<DownloadRules> = {},
): Promise<ChildReport> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...LEAN_NODE_FLAGS, program, url, stateFolder, JSON.stringify(rules)],
    { env: { PATH: process.env.PATH, ...LEAN_ENVIRONMENT } },
  );
  return JSON.parse(stdout) as ChildReport;
}
