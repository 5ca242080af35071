/** Makes `autopilot` one file: Node, with the bundled program and what it needs laid into it. */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, build, transform } from 'esbuild';
import { type Architecture, nodeBinary } from './node-binaries.ts';
import { bundledPackages, noticesOf } from './notices.ts';

const run = promisify(execFile);
const root = dirname(dirname(import.meta.dirname));

/** As a program: its memory goes with it, and so does what it says of sections that Node's build leaves unnamed. */
const POSTJECT = join(root, 'node_modules/postject/dist/cli.js');
/** Node's own mark of a place that is empty until something is laid into it. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Read by the program at run time: name there, path in the clone. */
export const ASSETS = { 'install.yaml': 'deploy/install.yaml' } as const;

/** The licences of what is in it: in the file, and beside it. */
export const NOTICES = 'THIRD-PARTY.txt';

/**
 * Two calls with the same sources and packages make the same bytes, wherever they run: nothing of it knows a path,
 * a time or the machine.
 * @param options of the bundle, which both ways of shipping share
 * @param path of the file to be made
 */
export async function buildSingleFile(
  options: BuildOptions,
  architecture: Architecture,
  path: string,
): Promise<void> {
  const work = join(root, `.tmp/single-${process.pid}-${architecture}`);
  await mkdir(work, { recursive: true });
  try {
    const { names: parts, packages } = await makeParts(options, join(work, 'parts'));
    await build({
      absWorkingDir: root,
      entryPoints: ['tools/single-file/boot.ts'],
      outfile: join(work, 'boot.js'),
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      minifyWhitespace: true,
      logLevel: 'warning',
    });
    const assets: Record<string, string> = {};
    for (const name of parts) assets[`parts/${name}`] = `parts/${name}`;
    for (const [name, from] of Object.entries(ASSETS)) {
      await copyFile(join(root, from), join(work, name));
      assets[name] = name;
    }
    await writeFile(join(work, NOTICES), await noticesOf(root, packages));
    assets[NOTICES] = NOTICES;
    const config = {
      main: 'boot.js',
      output: 'blob',
      disableExperimentalSEAWarning: true,
      // It would be another one at each build, and the start is quick enough without.
      useCodeCache: false,
      // An agent gives itself flags that make Node small; nothing from outside changes what is run.
      execArgvExtension: 'cli',
      assets,
    };
    await writeFile(join(work, 'config.json'), JSON.stringify(config));
    // by names in its own folder: the blob keeps them
    await run(process.execPath, ['--experimental-sea-config', 'config.json'], { cwd: work });
    const file = join(work, basename(path));
    await copyFile(await nodeBinary(architecture), file);
    const laidIn = [file, 'NODE_SEA_BLOB', join(work, 'blob'), '--sentinel-fuse', FUSE];
    await run(process.execPath, [POSTJECT, ...laidIn]);
    await chmod(file, 0o755);
    await rename(join(work, NOTICES), join(dirname(path), NOTICES));
    await rename(file, path);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * The bundle as functions of `exports`, `require` and `module`: there are no ES modules inside of a single file.
 * @returns their names, and the folders of the packages that are in them, sorted
 */
async function makeParts(
  options: BuildOptions,
  folder: string,
): Promise<{ readonly names: readonly string[]; readonly packages: readonly string[] }> {
  const { metafile } = await build({
    ...options,
    outdir: folder,
    outExtension: { '.js': '.js' },
    chunkNames: '[name]-[hash]',
    banner: {},
    legalComments: 'none',
    metafile: true,
  });
  const names = (await readdir(folder)).sort();
  for (const name of names) {
    const path = join(folder, name);
    const { code } = await transform(await readFile(path, 'utf8'), {
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      // `import()` of a part becomes a `require` of it, later
      supported: { 'dynamic-import': false },
      minifyWhitespace: true,
      // the text has to be ASCII: see boot.ts
      charset: 'ascii',
      logLevel: 'error',
    });
    await writeFile(path, code);
  }
  return { names, packages: bundledPackages(metafile) };
}
