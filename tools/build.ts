/**
 * Builds what ships, into `dist`: a single file for each architecture. And `bundle/autopilot.mjs` with the
 * parts that it loads by dynamic import, so that an agent never reads the orchestrator's code: the same program as
 * the demo and most tests run it, without Node. Does nothing while its inputs are what they were.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { withLock } from './k0mini/lock.ts';
import { ASSETS, buildSingleFile } from './single-file/build.ts';
import { ARCHITECTURES, type Architecture } from './single-file/node-binaries.ts';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');
const bundle = join(dist, 'bundle');
const program = join(bundle, 'autopilot.mjs');

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

/** What a thing was made of, beside it. */
interface BuildRecord {
  readonly files: readonly string[];
  readonly digest: string;
}

/** @returns path of the program */
export async function buildAutopilot(): Promise<string> {
  const record = join(bundle, 'inputs.json');
  if (await isFresh(record)) return program;
  // Beside the old one, then in its place: a program that starts meanwhile finds all its parts or none.
  const fresh = join(root, `.tmp/bundle-${process.pid}`);
  const { metafile } = await build({ ...options, outdir: fresh, metafile: true });
  const files = [...Object.keys(metafile.inputs), 'tools/build.ts', 'package-lock.json'].sort();
  await writeRecord(join(fresh, 'inputs.json'), files);
  const old = `${fresh}-old`;
  await mkdir(bundle, { recursive: true });
  await rename(bundle, old);
  await rename(fresh, bundle);
  await rm(old, { recursive: true });
  return program;
}

/**
 * @returns path of the single file for that architecture
 * @throws when its Node cannot be had from npm
 */
export async function buildForHosts(architecture: Architecture): Promise<string> {
  await buildAutopilot();
  const path = join(dist, `autopilot-linux-${architecture}`);
  const record = join(bundle, `linux-${architecture}.json`);
  if (await isFresh(record)) return path;
  await withLock(join(root, `.tmp/single-${architecture}.lock`), async () => {
    if (await isFresh(record)) return;
    const { files } = JSON.parse(
      await readFile(join(bundle, 'inputs.json'), 'utf8'),
    ) as BuildRecord;
    await buildSingleFile(options, architecture, path);
    const tools = (await readdir(join(root, 'tools/single-file'))).map(
      (name) => `tools/single-file/${name}`,
    );
    await writeRecord(record, [...files, ...tools, ...Object.values(ASSETS)].sort());
  });
  return path;
}

/** What `npm run build` makes: the single files and their digests, as sha256sum reads them. */
async function buildAll(): Promise<readonly string[]> {
  await buildAutopilot();
  const paths = await Promise.all(ARCHITECTURES.map(buildForHosts));
  const lines = await Promise.all(
    paths.map(async (path) => `${await sha256(path)}  ${basename(path)}\n`),
  );
  const sums = join(dist, 'SHA256SUMS');
  await writeFile(sums, lines.join(''));
  return [...paths, sums];
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}

/** Whether what lies beside the record was made of what is there now. */
async function isFresh(record: string): Promise<boolean> {
  const text = await readFile(record, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  const { files, digest } = JSON.parse(text) as BuildRecord;
  return (await digestOf(files)) === digest;
}

async function writeRecord(path: string, files: readonly string[]): Promise<void> {
  const record: BuildRecord = { files, digest: await digestOf(files) };
  await writeFile(path, JSON.stringify(record));
}

async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${file}\0`);
    hash.update(await readFile(join(root, file)).catch(() => 'gone'));
  }
  return hash.digest('hex');
}

if (import.meta.main) for (const path of await buildAll()) console.log(path);
