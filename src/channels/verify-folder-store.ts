import type { ChannelFolder } from './channel-folder-store.ts';
import { judgeIndex } from './index-judge.ts';
import { renderCron } from './index-render.ts';
import { isoOf } from './iso-time.ts';

export interface Verdict {
  readonly channel: string;
  /** One sentence each; none: readers get what they should. */
  readonly flaws: readonly string[];
  /** What is well but wants to be known. */
  readonly notes: readonly string[];
}

const DAY_MS = 86_400_000;

/** Judges a channel as a reader does, and reads every file that it names. Changes nothing for readers. */
export async function verifyChannel(
  folder: ChannelFolder,
  channel: string,
  nowMs: number,
): Promise<Verdict> {
  folder.checkChannel(channel);
  const standing = await folder.standing(channel, true);
  const draft = await folder.draft(channel, standing);
  const notes =
    draft === undefined
      ? []
      : [`a draft of epoch ${draft.extended.epoch} waits: autopilot channel sign ${channel}`];
  if (standing === undefined) {
    return { channel, flaws: [], notes: ['nothing was published yet', ...notes] };
  }
  const { bytes, extended } = standing;
  const { trustedKeys } = folder.config;
  const verdict = judgeIndex({ bytes, from: `${channel}/index.yaml`, channel, trustedKeys, nowMs });
  const flaws = verdict.kind === 'refused' ? [`${verdict.reason}: ${verdict.message}`] : [];
  const cron = await folder.cronDocument(channel);
  if (cron?.toString() !== renderCron(extended)) {
    flaws.push(`the file of the cron protocol does not say what the index says`);
  }
  flaws.push(...(await folder.fileFlaws(extended, 'all')));
  const leftDays = (extended.expires - nowMs) / DAY_MS;
  if (leftDays > 0 && leftDays < folder.config.validDays / 3) {
    notes.push(
      `expires at ${isoOf(extended.expires)}: renew it with autopilot channel sign ${channel}`,
    );
  }
  return { channel, flaws, notes };
}
