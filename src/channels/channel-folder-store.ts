import { join } from 'node:path';
import { YamlError } from '../api/plain-yaml.ts';
import { newestOf, whyBlocked } from './blocked.ts';
import { type FolderConfig, parseFolderConfig, renderFolderConfig } from './folder-config.ts';
import {
  CONFIG_FILE,
  CRON_FILE,
  CURRENT,
  DIGESTS_FILE,
  draftOf,
  INDEX_FILE,
  OWN_FOLDER,
  PUBLICATIONS,
  pathOfUrl,
} from './folder-names.ts';
import { parseIndex } from './index-parse.ts';
import { renderCron, renderIndex } from './index-render.ts';
import type { ExtendedIndex, Release } from './index-schema.ts';
import { joinSigned, judgeIndexSignature, splitSigned } from './index-signature.ts';
import { isoOf } from './iso-time.ts';
import { KnownDigests } from './known-digests-store.ts';
import { type Change, changeIndex } from './publication.ts';
import { LOCAL_DISK, type PublishDisk } from './publish-disk-linux.ts';
import { PublishError } from './publish-error.ts';
import type { SecretKey } from './secret-key.ts';
import { signIndex } from './sign-index.ts';

/** What readers get now, or what waits for a signature. */
export interface Standing {
  readonly bytes: Buffer;
  readonly extended: ExtendedIndex;
}

export type Outcome =
  | { readonly kind: 'published'; readonly extended: ExtendedIndex }
  /** The folder demands a signature, and there was no key to make one with. */
  | { readonly kind: 'drafted'; readonly extended: ExtendedIndex; readonly file: string }
  | { readonly kind: 'same'; readonly message: string };

export interface HowToPublish {
  readonly nowMs: number;
  readonly key?: SecretKey | undefined;
  /** What stands is built upon although nobody trusted has signed it. */
  readonly adopt?: boolean;
  /** At least this; for a folder that was restored from an older copy. */
  readonly epoch?: number | undefined;
}

const DAY_MS = 86_400_000;

/**
 * A folder of static files for readers of channels. What readers get of a channel is decided by one link,
 * which is replaced by one rename after everything that it leads to is durable: there is no moment and no
 * crash between an old publication and a new one. Whoever changes anything holds the lock of the folder
 * (`whileLocked`).
 */
export class ChannelFolder {
  readonly path: string;
  readonly config: FolderConfig;
  readonly #disk: PublishDisk;

  private constructor(path: string, config: FolderConfig, disk: PublishDisk) {
    this.path = path;
    this.config = config;
    this.#disk = disk;
  }

  /** @throws PublishError for a folder that was not made by `init`, or whose configuration is wrong */
  static async open(path: string, disk: PublishDisk = LOCAL_DISK): Promise<ChannelFolder> {
    const file = join(path, CONFIG_FILE);
    const bytes = await disk.read(file);
    if (bytes === undefined) {
      throw new PublishError(
        `wanted a folder of channels at ${path}, found no ${CONFIG_FILE} in it: autopilot channel init makes one`,
      );
    }
    try {
      return new ChannelFolder(path, parseFolderConfig(bytes.toString(), file), disk);
    } catch (thrown) {
      if (!(thrown instanceof YamlError)) throw thrown;
      const { line, column } = thrown.place;
      throw new PublishError(`${file}:${line}:${column}: ${thrown.message}`);
    }
  }

  /** Makes a folder, or gives one another configuration. */
  static async configure(path: string, config: FolderConfig, disk = LOCAL_DISK): Promise<void> {
    const text = renderFolderConfig(config);
    // judged as it will be read
    parseFolderConfig(text, CONFIG_FILE);
    await disk.makeFolder(join(path, OWN_FOLDER));
    await disk.write(join(path, CONFIG_FILE), Buffer.from(text));
  }

  /** @throws PublishError for a channel that the folder does not have */
  checkChannel(channel: string): void {
    const { channels } = this.config;
    if (channels.includes(channel)) return;
    throw new PublishError(
      `wanted one of the channels ${channels.join(', ')}, found ${channel}: autopilot channel init adds one`,
    );
  }

  /**
   * What readers get.
   * @returns undefined where nothing was published yet
   * @throws PublishError when it does not verify: nothing is built upon what somebody else has written
   */
  async standing(channel: string, adopt = false): Promise<Standing | undefined> {
    const at = await this.#disk.readLink(join(this.path, channel, CURRENT));
    if (at === undefined) return undefined;
    const file = join(this.path, channel, at, INDEX_FILE);
    const bytes = await this.#disk.read(file);
    if (bytes === undefined) {
      throw new PublishError(`wanted what ${join(channel, CURRENT)} leads to, found no ${file}`);
    }
    const { trustedKeys } = this.config;
    if (trustedKeys.length > 0 && !adopt) {
      const objection = judgeIndexSignature(splitSigned(bytes), file, trustedKeys);
      if (objection !== undefined) {
        throw new PublishError(
          `what stands does not verify: ${objection.message}. Look at it; autopilot channel sign ${channel} --adopt takes it as it is`,
        );
      }
    }
    return this.#read(bytes, file, channel);
  }

  /** @returns what waits for a signature; undefined where nothing does */
  async draft(channel: string, standing: Standing | undefined): Promise<Standing | undefined> {
    const file = join(this.path, draftOf(channel));
    const bytes = await this.#disk.read(file);
    if (bytes === undefined) return undefined;
    const draft = this.#read(bytes, file, channel);
    // one that was published, and whose publisher ended before it could take it away
    const isDone = standing !== undefined && draft.extended.epoch <= standing.extended.epoch;
    return isDone ? undefined : draft;
  }

  /**
   * Carries out one change of a channel.
   * @param thorough versions whose files are read again, whatever is remembered of them
   * @throws PublishError, and then readers get what they got before
   */
  async change(
    channel: string,
    change: Change,
    how: HowToPublish,
    thorough: ReadonlySet<string> = new Set(),
  ): Promise<Outcome> {
    this.checkChannel(channel);
    const standing = await this.standing(channel, how.adopt);
    const draft = await this.draft(channel, standing);
    const next = changeIndex((draft ?? standing)?.extended, change, {
      epoch: Math.max(
        draft?.extended.epoch ?? 0,
        await this.#nextEpoch(channel, standing),
        how.epoch ?? 0,
      ),
      nowMs: how.nowMs,
      validMs: this.config.validDays * DAY_MS,
    });
    if (next.kind === 'refused') throw new PublishError(`${channel}: ${next.message}`);
    if (next.kind === 'same') return next;
    const { extended } = next;
    const content = Buffer.from(renderIndex(channel, extended));
    await this.#checkFiles(channel, extended, thorough);
    if (how.key === undefined && this.config.trustedKeys.length > 0) {
      this.#checkForm(content, channel);
      const file = join(this.path, draftOf(channel));
      await this.#disk.makeFolder(join(file, '..'));
      await this.#disk.write(file, content);
      return { kind: 'drafted', extended, file };
    }
    const bytes = how.key === undefined ? content : signIndex(content, how.key, channel, extended);
    await this.#publish(channel, bytes, extended);
    return { kind: 'published', extended };
  }

  /**
   * Publishes the draft with a signature that was made elsewhere.
   * @param signature as `minisign -S` has written it
   */
  async publishDraft(channel: string, signature: string, nowMs: number): Promise<Outcome> {
    this.checkChannel(channel);
    const draft = await this.draft(channel, await this.standing(channel));
    if (draft === undefined) {
      throw new PublishError(`${channel}: wanted a draft to put the signature to, found none`);
    }
    const { expires } = draft.extended;
    if (nowMs >= expires) {
      throw new PublishError(
        `${channel}: wanted a draft that holds at ${isoOf(nowMs)}, found one that has expired at ${isoOf(expires)}: make it anew with autopilot channel sign ${channel}`,
      );
    }
    await this.#checkFiles(channel, draft.extended, new Set());
    await this.#publish(channel, joinSigned(draft.bytes, signature), draft.extended);
    return { kind: 'published', extended: draft.extended };
  }

  /**
   * What stands of a release in a channel, to be given to another one.
   * @throws PublishError for one that is not there, or is blocked there
   */
  async releaseOf(channel: string, version: string): Promise<Release> {
    this.checkChannel(channel);
    const standing = await this.standing(channel);
    const listed = standing?.extended.releases ?? [];
    const release = listed.find((one) => one.version === version);
    if (standing === undefined || release === undefined) {
      const found = listed.map((one) => one.version).join(', ') || 'none';
      throw new PublishError(`${channel}: wanted ${version} among its releases, found ${found}`);
    }
    const reason = whyBlocked(standing.extended, version);
    if (reason !== undefined) {
      throw new PublishError(`${channel}: ${version} is blocked there: ${reason}`);
    }
    return release;
  }

  /**
   * Of what is blocked the files are not looked at: to block it must be possible above all when they are bad.
   * @returns one sentence for each file of the index that is not as it says; nothing of it is run
   */
  async fileFlaws(
    extended: ExtendedIndex,
    thorough: ReadonlySet<string> | 'all',
  ): Promise<readonly string[]> {
    const digests = await KnownDigests.open(this.#disk, join(this.path, DIGESTS_FILE));
    const flaws: string[] = [];
    for (const { version, downloadURLs } of extended.releases) {
      if (whyBlocked(extended, version) !== undefined) continue;
      const isThorough = thorough === 'all' || thorough.has(version);
      for (const one of downloadURLs) {
        const files = [
          { url: one.k0s, sha256: one.k0sSha256, sizeBytes: one.k0sSize },
          { url: one.airgapBundle, sha256: one.airgapSha256, sizeBytes: one.airgapSize },
        ];
        for (const { url, sha256, sizeBytes } of files) {
          if (url === undefined) continue;
          const flaw = await this.#fileFlaw(digests, { url, sha256, sizeBytes }, isThorough);
          if (flaw !== undefined) flaws.push(`${version}: ${flaw}`);
        }
      }
    }
    await digests.save();
    return flaws;
  }

  /** @returns the cron protocol's file as it is served; undefined where there is none */
  cronDocument(channel: string): Promise<Buffer | undefined> {
    return this.#disk.read(join(this.path, channel, CRON_FILE));
  }

  async #fileFlaw(
    digests: KnownDigests,
    wanted: { url: string; sha256: string | undefined; sizeBytes: number | undefined },
    isThorough: boolean,
  ): Promise<string | undefined> {
    const path = pathOfUrl(this.config.url, wanted.url);
    if (path === undefined) {
      return `wanted a file below ${this.config.url}, found the address ${wanted.url}`;
    }
    const file = join(this.path, path);
    const found = await digests.of(file, isThorough);
    if (found === undefined)
      return `wanted ${file}, which is served at ${wanted.url}, found no file`;
    if (wanted.sizeBytes !== undefined && wanted.sizeBytes !== found.sizeBytes) {
      return `wanted ${wanted.sizeBytes} bytes in ${file}, found ${found.sizeBytes}`;
    }
    if (wanted.sha256 !== found.sha256) {
      return `wanted sha256 ${wanted.sha256} of ${file}, found ${found.sha256}: it was changed after it was added`;
    }
    return undefined;
  }

  async #checkFiles(channel: string, extended: ExtendedIndex, thorough: ReadonlySet<string>) {
    const [flaw] = await this.fileFlaws(extended, thorough);
    if (flaw !== undefined) throw new PublishError(`${channel}: ${flaw}`);
  }

  /** Readers would refuse what does not pass here. */
  #checkForm(bytes: Buffer, channel: string): void {
    const parsed = parseIndex(bytes, `the new index of ${channel}`);
    if (parsed.kind === 'read') return;
    const hint =
      parsed.reason === 'IndexTooLarge' ? ': autopilot channel remove takes old releases out' : '';
    throw new PublishError(`${parsed.message}${hint}`);
  }

  #read(bytes: Buffer, file: string, channel: string): Standing {
    const parsed = parseIndex(bytes, file);
    if (parsed.kind === 'refused') throw new PublishError(parsed.message);
    const { index } = parsed;
    if (index.extended === undefined || index.channel !== channel) {
      throw new PublishError(
        `${file}: wanted an extended index of channel ${channel}, found ${index.extended ? `that of ${index.channel}` : 'a plain one'}`,
      );
    }
    return { bytes, extended: index.extended };
  }

  /** Above all that was ever ready to be served: a power cut may have taken back a switch that was seen. */
  async #nextEpoch(channel: string, standing: Standing | undefined): Promise<number> {
    const names = await this.#disk.list(join(this.path, channel, PUBLICATIONS));
    return 1 + Math.max(standing?.extended.epoch ?? 0, ...epochsOf(names));
  }

  async #publish(channel: string, bytes: Buffer, extended: ExtendedIndex): Promise<void> {
    this.#checkForm(bytes, channel);
    const { trustedKeys } = this.config;
    if (trustedKeys.length > 0) {
      const at = `the new index of ${channel}`;
      const objection = judgeIndexSignature(splitSigned(bytes), at, trustedKeys);
      if (objection !== undefined) throw new PublishError(objection.message);
    }
    const cron = renderCron(extended);
    const home = join(this.path, channel);
    const publications = join(home, PUBLICATIONS);
    const work = join(publications, 'work');
    await this.#disk.remove(work);
    await this.#disk.makeFolder(work);
    // web servers make ETags of length and time of change, in seconds
    const { issued } = extended;
    await this.#disk.write(join(work, INDEX_FILE), bytes, issued);
    if (cron !== undefined) {
      await this.#disk.write(join(work, CRON_FILE), Buffer.from(cron), issued);
    }
    await this.#disk.rename(work, join(publications, String(extended.epoch)));
    for (const name of [INDEX_FILE, CRON_FILE]) {
      const target = `${CURRENT}/${name}`;
      const link = join(home, name);
      if ((await this.#disk.readLink(link)) !== target) await this.#disk.link(link, target);
    }
    const before = await this.#disk.readLink(join(home, CURRENT));
    await this.#disk.link(join(home, CURRENT), `${PUBLICATIONS}/${extended.epoch}`);
    // published; what follows is tidiness, and done by the next one where this ends here
    await this.#disk.remove(join(this.path, draftOf(channel)));
    for (const epoch of epochsOf(await this.#disk.list(publications))) {
      // somebody may be reading the one before
      const isKept = epoch === extended.epoch || `${PUBLICATIONS}/${epoch}` === before;
      if (!isKept) await this.#disk.remove(join(publications, String(epoch)));
    }
  }
}

/** One line of what a channel says, for people. */
export function summaryOf({ epoch, expires, releases, blocked }: ExtendedIndex): string {
  const extended = { epoch, issued: 0, expires, releases, blocked };
  const newest = newestOf(extended)?.version ?? 'none that is not blocked';
  const shut = blocked.versions.length + blocked.edges.length;
  return `epoch ${epoch}, newest ${newest}, releases ${releases.length}, blocked ${shut}, expires ${isoOf(expires)}`;
}

function epochsOf(names: readonly string[]): readonly number[] {
  return names.filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number);
}
