import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseK0sVersion } from '../api/k0s-version.ts';
import { parsePublicKey } from '../artifacts/signature.ts';
import { storeArtifact } from '../channels/artifact-file-store.ts';
import { ChannelFolder, type Outcome, summaryOf } from '../channels/channel-folder-store.ts';
import { type ArtifactKind, artifactPath, CONFIG_FILE, urlOf } from '../channels/folder-names.ts';
import { type Release, type ReleaseDownload, releaseSchema } from '../channels/index-schema.ts';
import type { Change } from '../channels/publication.ts';
import { LOCAL_DISK } from '../channels/publish-disk-linux.ts';
import { PublishError } from '../channels/publish-error.ts';
import { whileLocked } from '../channels/publish-lock-linux.ts';
import {
  makeKeys,
  makeSignature,
  parseSecretKey,
  publicKeyOfPem,
  type SecretKey,
} from '../channels/secret-key.ts';
import { startStaticServer } from '../channels/static-server.ts';
import { verifyChannel } from '../channels/verify-folder-store.ts';
import { parseRange } from '../channels/version-range.ts';
import { ConfigError } from '../config.ts';
import { messageOf } from '../errors.ts';
import { untilStopped } from '../stopping.ts';
import { EXIT } from './exit.ts';

export interface FolderOptions {
  readonly folder: string;
}
export interface SigningOptions extends FolderOptions {
  readonly key?: string;
  readonly passwordFile?: string;
}
export interface InitOptions extends FolderOptions {
  readonly url?: string;
  readonly trust: readonly string[];
  readonly validDays?: number;
}
export interface AddOptions extends SigningOptions {
  readonly k0s: readonly string[];
  readonly airgap: readonly string[];
  readonly severity: string;
  readonly cve: readonly string[];
  readonly released?: string;
  readonly eol?: string;
  readonly older?: boolean;
}
export interface PromoteOptions extends SigningOptions {
  readonly from: string;
  readonly to: string;
  readonly older?: boolean;
}
export interface BlockOptions extends SigningOptions {
  readonly reason?: string;
  readonly from?: string;
  readonly lift?: boolean;
}
export interface SignOptions extends SigningOptions {
  readonly signature?: string;
  readonly adopt?: boolean;
  readonly epoch?: number;
}
export interface ServeOptions extends FolderOptions {
  readonly address: string;
  readonly port: number;
}

export function keygen(name: string): Promise<number> {
  return answered(async () => {
    const keys = makeKeys();
    await writeNew(`${name}.key`, keys.secret, 0o600);
    await writeNew(`${name}.pub`, keys.public, 0o644);
    say(
      `key ${keys.id}: ${name}.key signs, keep it off the network; ${name}.pub is what readers trust`,
    );
    say(`It is not encrypted. For one that is: minisign -G -p ${name}.pub -s ${name}.key`);
  });
}

export function init(channels: readonly string[], options: InitOptions): Promise<number> {
  return answered(async () => {
    const { folder } = options;
    const trusted = await Promise.all(options.trust.map(publicKey));
    await LOCAL_DISK.makeFolder(folder);
    await whileLocked(folder, async () => {
      const isThere = (await LOCAL_DISK.read(join(folder, CONFIG_FILE))) !== undefined;
      const before = isThere ? (await ChannelFolder.open(folder)).config : undefined;
      const url = options.url ?? before?.url;
      if (url === undefined)
        throw new ConfigError('--url: wanted the address under which the folder is served');
      const config = {
        url,
        channels: [...new Set([...(before?.channels ?? []), ...channels])],
        trustedKeys: [...new Set([...(before?.trustedKeys ?? []), ...trusted])],
        validDays: options.validDays ?? before?.validDays ?? 14,
      };
      await ChannelFolder.configure(folder, config);
      const demanded =
        config.trustedKeys.length === 0
          ? 'not signed'
          : `signed by ${keyNames(config.trustedKeys)}`;
      say(
        `${join(folder, CONFIG_FILE)}: channels ${config.channels.join(', ')} at ${config.url}, ${demanded}, valid for ${config.validDays} days`,
      );
      if (config.trustedKeys.length === 0) {
        say(
          'Whoever can write to the folder, or stands between, decides what clusters run: --trust demands signatures',
        );
      }
    });
  });
}

export function add(name: string, version: string, options: AddOptions): Promise<number> {
  return changing(options, async (folder, key) => {
    folder.checkChannel(name);
    wantVersion(version);
    const files = [
      ...options.k0s.map((said) => fileOf('k0s', said)),
      ...options.airgap.map((said) => fileOf('airgap', said)),
    ];
    const platforms = new Set(
      files.filter(({ kind }) => kind === 'k0s').map((one) => one.platform),
    );
    if (platforms.size === 0)
      throw new ConfigError('--k0s: wanted at least one, such as linux-amd64=./k0s');
    const alone = files.find(({ platform }) => !platforms.has(platform));
    if (alone !== undefined) {
      throw new ConfigError(`--airgap: wanted a platform of --k0s, found ${alone.platform}`);
    }
    const standing = await folder.standing(name);
    const known = standing?.extended.releases.find((one) => one.version === version);
    const said = {
      version,
      released: options.released ?? secondsOf(known?.released ?? Date.now()),
      severity: options.severity,
      cves: options.cve,
      ...(options.eol !== undefined && { eol: options.eol }),
    };
    // judged before a gigabyte is copied; the address stands for those that are not known yet
    const placeholder = {
      os: 'linux',
      arch: 'amd64',
      k0s: folder.config.url,
      k0sSha256: '0'.repeat(64),
    };
    parseRelease({ ...said, downloadURLs: [placeholder] });
    const downloads = new Map<string, ReleaseDownload>();
    for (const { kind, platform, file } of files) {
      const path = artifactPath(kind, version, platform);
      const to = join(folder.path, path);
      const facts = await storeArtifact(file, to, { kind, platform });
      if (key !== undefined) await signArtifact(to, facts.blake2b512, key);
      say(`${path}: ${facts.sizeBytes} bytes, sha256 ${facts.sha256}`);
      const url = urlOf(folder.config.url, path);
      const one =
        kind === 'k0s'
          ? { k0s: url, k0sSha256: facts.sha256, k0sSize: facts.sizeBytes }
          : { airgapBundle: url, airgapSha256: facts.sha256, airgapSize: facts.sizeBytes };
      const [os = '', arch = ''] = platform.split('-');
      downloads.set(platform, { ...downloads.get(platform), ...one, os, arch } as ReleaseDownload);
    }
    const release = parseRelease({ ...said, downloadURLs: [...downloads.values()] });
    return [[name, { kind: 'add', release, older: options.older === true }]];
  });
}

export function promote(version: string, options: PromoteOptions): Promise<number> {
  return changing(options, async (folder) => {
    wantVersion(version);
    const release = await folder.releaseOf(options.from, version);
    return [[options.to, { kind: 'add', release, older: options.older === true }]];
  });
}

export function block(name: string, version: string, options: BlockOptions): Promise<number> {
  return changing(options, async () => {
    wantVersion(version);
    if (options.lift) return [[name, { kind: 'lift', version }]];
    const { reason, from } = options;
    if (!reason) throw new ConfigError('--reason: wanted why, in words that clusters will tell');
    if (from === undefined) return [[name, { kind: 'block', version, reason }]];
    if (parseRange(from) === undefined) {
      throw new ConfigError(
        `--from: wanted a range such as "<v1.36.3", found ${JSON.stringify(from)}`,
      );
    }
    return [[name, { kind: 'blockEdge', from, to: version, reason }]];
  });
}

export function remove(name: string, version: string, options: SigningOptions): Promise<number> {
  return changing(options, async () => [[name, { kind: 'remove', version }]]);
}

export function sign(name: string, options: SignOptions): Promise<number> {
  const { signature } = options;
  if (signature === undefined) return changing(options, async () => [[name, { kind: 'renew' }]]);
  return answered(() =>
    whileLocked(options.folder, async () => {
      const folder = await ChannelFolder.open(options.folder);
      const text = await readText('--signature', signature);
      tell(name, await folder.publishDraft(name, text, Date.now()));
    }),
  );
}

export function verify(names: readonly string[], options: FolderOptions): Promise<number> {
  return answered(async () => {
    const folder = await ChannelFolder.open(options.folder);
    let flaws = 0;
    for (const name of names.length === 0 ? folder.config.channels : names) {
      const verdict = await whileLocked(options.folder, () =>
        verifyChannel(folder, name, Date.now()),
      );
      const standing = await folder.standing(name, true);
      if (standing !== undefined) say(`${name}: ${summaryOf(standing.extended)}`);
      for (const note of verdict.notes) say(`${name}: ${note}`);
      for (const flaw of verdict.flaws) say(`${name}: WRONG: ${flaw}`);
      flaws += verdict.flaws.length;
    }
    say(
      flaws === 0
        ? 'all is as it should be'
        : `${flaws} ${flaws === 1 ? 'thing is' : 'things are'} wrong`,
    );
    return flaws === 0 ? EXIT.fine : EXIT.refused;
  });
}

export function serve({ folder, address, port }: ServeOptions): Promise<number> {
  return answered(async () => {
    const { config, path } = await ChannelFolder.open(folder);
    const server = await startStaticServer({ root: path, address, port, onAnswer: say });
    for (const name of config.channels)
      say(`${name}: ${server.url}${name}/index.yaml, and ${server.url}${name} for cron`);
    if (!config.url.startsWith(server.url)) {
      say(`Files are named by their address below ${config.url}, not below ${server.url}`);
    }
    say('For a lab: no TLS, and no access is asked for. Ctrl-C ends it');
    const stop = untilStopped();
    if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve));
    await server.close();
  });
}

type Changes = readonly (readonly [channel: string, change: Change])[];

/** Does what all changes have in common: lock, key, and telling what came of it. */
function changing(
  options: SigningOptions & Partial<SignOptions>,
  changesOf: (folder: ChannelFolder, key: SecretKey | undefined) => Promise<Changes>,
): Promise<number> {
  return answered(async () => {
    const key = await secretKey(options);
    await whileLocked(options.folder, async () => {
      const folder = await ChannelFolder.open(options.folder);
      for (const [channel, change] of await changesOf(folder, key)) {
        const how = { nowMs: Date.now(), key, adopt: options.adopt === true, epoch: options.epoch };
        const thorough = new Set(change.kind === 'add' ? [change.release.version] : []);
        tell(channel, await folder.change(channel, change, how, thorough));
      }
    });
  });
}

function tell(channel: string, outcome: Outcome): void {
  if (outcome.kind === 'same') say(`${channel}: nothing to do, ${outcome.message}`);
  else if (outcome.kind === 'published')
    say(`${channel}: published ${summaryOf(outcome.extended)}`);
  else {
    say(`${channel}: drafted ${summaryOf(outcome.extended)}`);
    say(
      `Readers get it when it is signed: autopilot channel sign ${channel} --key FILE, or minisign -S -m ${outcome.file} and then --signature ${outcome.file}.minisig`,
    );
  }
}

async function answered(act: () => Promise<unknown>): Promise<number> {
  try {
    const ended = await act();
    return typeof ended === 'number' ? ended : EXIT.fine;
  } catch (thrown) {
    if (thrown instanceof ConfigError) {
      process.stderr.write(`autopilot: ${thrown.message}\n`);
      return EXIT.misused;
    }
    if (!(thrown instanceof PublishError)) throw thrown;
    process.stderr.write(`autopilot: ${thrown.message}\n`);
    return EXIT.refused;
  }
}

/** @returns undefined where no key is given */
async function secretKey({ key, passwordFile }: SigningOptions): Promise<SecretKey | undefined> {
  if (key === undefined) return undefined;
  const text = await readText('--key', key);
  const password =
    passwordFile === undefined
      ? undefined
      : (await readText('--password-file', passwordFile)).replace(/\r?\n$/, '');
  const parsed = parseSecretKey(text, password);
  if (parsed.kind === 'key') return parsed.key;
  const why =
    parsed.kind === 'locked' ? 'it is encrypted, --password-file is wanted' : parsed.message;
  throw new ConfigError(`--key ${key}: ${why}`);
}

/** Of the line itself, minisign's file, or a key in PEM. */
async function publicKey(said: string): Promise<string> {
  const text = said.startsWith('RW') ? said : await readText('--trust', said);
  const line = publicKeyOfPem(text) ?? text.trim().split('\n').at(-1)?.trim() ?? '';
  if (parsePublicKey(line) !== undefined) return line;
  throw new ConfigError(
    `--trust: wanted a minisign public key, which begins with RW, or an ed25519 key in PEM, found none in ${said}`,
  );
}

function keyNames(keys: readonly string[]): string {
  return keys.map((key) => `key ${parsePublicKey(key)?.id}`).join(' or ');
}

/** `linux-amd64=./k0s` */
function fileOf(kind: ArtifactKind, said: string) {
  const [, platform, file] = /^(linux-[a-z0-9]+)=(.+)$/.exec(said) ?? [];
  if (platform === undefined || file === undefined) {
    throw new ConfigError(
      `--${kind}: wanted a platform and a file, such as linux-amd64=./k0s, found ${JSON.stringify(said)}`,
    );
  }
  return { kind, platform, file };
}

function wantVersion(version: string): void {
  if (parseK0sVersion(version) !== undefined) return;
  throw new ConfigError(
    `wanted a k0s version such as v1.36.4+k0s.0, found ${JSON.stringify(version)}`,
  );
}

function parseRelease(said: object): Release {
  const parsed = releaseSchema.safeParse(said);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConfigError(`${issue?.path.join('.')}: ${issue?.message}`);
}

/** Signed as hosts demand that trust keys of their own. @see docs/usage/agent-policy.md */
async function signArtifact(path: string, blake2b512: Buffer, key: SecretKey): Promise<void> {
  const signature = makeSignature(key, blake2b512, {
    untrusted: `signature of key ${key.id}`,
    trusted: `file:${basename(path)}`,
  });
  await LOCAL_DISK.write(`${path}.minisig`, Buffer.from(signature));
}

async function readText(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    throw new ConfigError(`${option}: ${messageOf(thrown)}`);
  }
}

async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode });
  } catch (thrown) {
    throw new ConfigError(`wanted to make a new file: ${messageOf(thrown)}`);
  }
}

/** @returns RFC 3339 in whole seconds */
function secondsOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
