/**
 * Bundles what ships: `dist/autopilot.mjs` and the parts it loads by dynamic import, so that an agent
 * never reads the orchestrator's code. Does nothing while its inputs are what they were.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');
const record = join(dist, 'inputs.json');
const program = join(dist, 'autopilot.mjs');

const options: BuildOptions = {
  absWorkingDir: root,
  entryPoints: [{ in: 'src/main.ts', out: 'autopilot' }],
  outExtension: { '.js': '.mjs' },
  chunkNames: 'parts/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Packages in CommonJS, such as pino, ask for Node's modules by `require`.
  banner: {
    js: "import { createRequire as createRequire_ } from 'node:module'; const require = createRequire_(import.meta.url);",
  },
  keepNames: true,
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'warning',
};

interface BuildRecord {
  readonly files: readonly string[];
  readonly digest: string;
}

/** @returns path of the program */
export async function buildAutopilot(): Promise<string> {
  const before = await readRecord();
  if (before && (await digestOf(before.files)) === before.digest) return program;
  // Beside the old one, then in its place: a program that starts meanwhile finds all its parts or none.
  const fresh = join(root, `.tmp/dist-${process.pid}`);
  const { metafile } = await build({ ...options, outdir: fresh, metafile: true });
  const files = [...Object.keys(metafile.inputs), 'tools/build.ts', 'package-lock.json'].sort();
  await writeFile(
    join(fresh, 'inputs.json'),
    JSON.stringify({ files, digest: await digestOf(files) } satisfies BuildRecord),
  );
  const old = `${fresh}-old`;
  await mkdir(dist, { recursive: true });
  await rename(dist, old);
  await rename(fresh, dist);
  await rm(old, { recursive: true });
  return program;
}

async function readRecord(): Promise<BuildRecord | undefined> {
  const text = await readFile(record, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${file}\0`);
    hash.update(await readFile(join(root, file)).catch(() => 'gone'));
  }
  return hash.digest('hex');
}

if (import.meta.main) console.log(await buildAutopilot());
