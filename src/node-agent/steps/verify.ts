import { HEAD_BYTES, headBytesOf, judgeElf, looksOf, notExecutable } from '../../artifacts/elf.ts';
import { judgeContent, judgeVersion, type Objection } from '../../artifacts/verify.ts';
import type { AgentPolicy } from '../agent-policy.ts';
import { judgeDowngrade } from '../agent-policy-verdict.ts';
import type { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';
import { checkSignature, type SignatureOptions } from './check-signature.ts';
import type { DownloadedFile } from './download.ts';
import { runningVersion } from './running-version.ts';

export interface VerifyOptions extends SignatureOptions {
  readonly policy: Pick<AgentPolicy, 'signatures' | 'downgrade'>;
  /** Of this machine, as k0s names it: `linux-amd64`. */
  readonly platform: string;
}

export type Verified =
  | { readonly kind: 'verified' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'aborted' };

/**
 * Judges what was downloaded and puts it where staged files lie. First the bytes: digest, signature, ELF
 * header. Only what has passed all of that is run (S11): it must say its own version, as nobody, before
 * anything on the host is touched. Of an image bundle the bytes are all there is to judge.
 *
 * What is found bad is removed; what the machine or the network would not let us judge stays, and with it
 * the record of the download, so that another attempt need not fetch it again.
 */
export async function verify(
  host: Host,
  layout: Layout,
  signal: OpenSignal,
  file: DownloadedFile,
  options: VerifyOptions,
): Promise<Verified> {
  const { artifact } = signal.order;
  const { files } = host;
  const badContent = judgeContent({ ...artifact, url: file.url }, file);
  if (badContent) return end(host, layout, blame(badContent));
  if (options.policy.signatures.required) {
    // the download counts it whenever it is wanted; without it nothing can match
    const signed = { url: file.url, blake2b512: file.blake2b512 ?? '' };
    const { signatures } = options.policy;
    const checked = await checkSignature(host, signal, signed, signatures, options);
    if (checked.kind === 'aborted') return checked;
    if (checked.kind === 'failed') return end(host, layout, checked.failure);
  }
  if (artifact.kind === 'k0s') {
    const failure = await judgeProgram(host, layout, layout.partial, signal, {
      ...file,
      ...options,
    });
    if (failure) return end(host, layout, failure);
  }
  await files.sync(layout.partial);
  await files.rename(layout.partial, layout.staged);
  await files.syncFolder(layout.stagingFolder);
  await files.remove(layout.partialRecord);
  return { kind: 'verified' };
}

/**
 * Judges a file as a program: its form, and then what it says of itself, for which it is run.
 * @param path where it lies; it is made executable
 */
export async function judgeProgram(
  host: Host,
  layout: Layout,
  path: string,
  { order: { artifact } }: OpenSignal,
  judged: Pick<VerifyOptions, 'platform'> & {
    readonly policy: Pick<AgentPolicy, 'downgrade'>;
    readonly sizeBytes: number;
    /** Where it is from, for the messages. */
    readonly url: string;
  },
): Promise<Failure | undefined> {
  const { policy, platform, sizeBytes, url } = judged;
  const badForm = await judgeForm(host, path, sizeBytes, platform);
  if (badForm) return blame(badForm);
  await host.files.chmod(path, 0o755);
  const said = await host.k0s.versionOf(path);
  if (said.kind === 'forbidden') {
    return { class: 'Environment', reason: 'NotExecutable', message: said.message };
  }
  if (said.kind === 'failed') return blame({ reason: 'NotExecutable', message: said.message });
  const badVersion = judgeVersion({ ...artifact, url }, said.version);
  if (badVersion) return blame(badVersion);
  if (policy.downgrade === 'Allow') return undefined;
  // the order was judged by the version that it names, which a forced one may make up
  const running = await runningVersion(host, layout);
  return judgeDowngrade(policy, said.version, { runningVersion: running });
}

async function judgeForm(
  host: Host,
  path: string,
  sizeBytes: number,
  platform: string,
): Promise<Objection | undefined> {
  let head = await readHead(host, path, HEAD_BYTES);
  const looks = looksOf(head);
  if (looks.kind === 'other') return notExecutable(`found ${looks.what}`);
  const wantedBytes = headBytesOf(looks.header);
  if (wantedBytes > HEAD_BYTES) head = await readHead(host, path, wantedBytes);
  return judgeElf(looks.header, head, sizeBytes, platform);
}

async function readHead(host: Host, path: string, endByte: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  // copies: the host may use one buffer for all of them
  for await (const chunk of host.files.read(path, endByte)) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

function blame(objection: Objection): Failure {
  return { class: 'Artifact', ...objection };
}

async function end(host: Host, layout: Layout, failure: Failure): Promise<Verified> {
  const isForbidden = failure.reason === 'DowngradeForbidden';
  if (failure.class === 'Artifact' || isForbidden) {
    // the record first: nothing then says that the bytes are worth going on with
    await host.files.remove(layout.partialRecord);
    await host.files.remove(layout.partial);
  }
  return { kind: 'failed', failure };
}
