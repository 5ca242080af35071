import { stringify } from 'yaml';
import * as z from 'zod';
import { plainYaml } from '../api/plain-yaml.ts';
import { clip, fieldName, placed, valueAt } from '../api/yaml-words.ts';
import { parsePublicKey } from '../artifacts/signature.ts';
import { CHANNEL_NAME } from './index-schema.ts';
import { PublishError } from './publish-error.ts';

const folderConfigSchema = z.strictObject({
  /** Under which the folder is served; ends with `/`. */
  url: z
    .string({ error: 'wanted an http or https URL' })
    .refine(isBase, 'wanted an http or https URL without user, query and fragment')
    .transform((text) => (text.endsWith('/') ? text : `${text}/`)),
  channels: z
    .array(
      z
        .string({ error: 'wanted the name of a channel' })
        .regex(CHANNEL_NAME, 'wanted the name of a channel such as stable or stable/v1.36')
        .refine(isFree, 'wanted the name of a channel, and this name is that of a folder of ours'),
      { error: 'wanted a list of channels' },
    )
    .min(1, 'wanted at least one channel'),
  /** Where there are any, nothing is published without a signature of one of them. */
  trustedKeys: z
    .array(
      z
        .string({ error: 'wanted a minisign public key' })
        .refine(
          (key) => parsePublicKey(key) !== undefined,
          'wanted a minisign public key, which begins with RW',
        ),
      { error: 'wanted a list of minisign public keys' },
    )
    .default([]),
  /** After so many days without renewal readers do not believe an index any more. */
  validDays: z
    .int({ error: 'wanted a whole number of days from 1 to 365' })
    .min(1, 'wanted a whole number of days from 1 to 365')
    .max(365, 'wanted a whole number of days from 1 to 365')
    .default(14),
});
export type FolderConfig = z.infer<typeof folderConfigSchema>;

export const ARTIFACTS = 'artifacts';

/** @throws PublishError that says where and what */
export function parseFolderConfig(text: string, file: string): FolderConfig {
  const yaml = plainYaml(text);
  const parsed = folderConfigSchema.safeParse(yaml.value ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  const found = valueAt(yaml.value, path);
  const what = found === undefined ? 'it is missing' : `found ${clip(found)}`;
  const name = path.length === 0 ? '' : `${fieldName(path)}: `;
  throw new PublishError(
    `${placed(file, yaml.placeOf(path))}: ${name}${issue?.message ?? 'not valid'}${name === '' ? '' : `, ${what}`}`,
  );
}

export function renderFolderConfig(config: FolderConfig): string {
  return `# How this folder is published; autopilot channel init has made it, and people change it.
${stringify(config, { lineWidth: 0, schema: 'core' })}`;
}

function isBase(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}

function isFree(channel: string): boolean {
  return channel.split('/')[0] !== ARTIFACTS;
}
