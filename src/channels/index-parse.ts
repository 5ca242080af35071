import type * as z from 'zod';
import { type PlainYaml, plainYaml, YamlError } from '../api/plain-yaml.ts';
import { clip, fieldName, placed, valueAt } from '../api/yaml-words.ts';
import { messageOf } from '../errors.ts';
import {
  type ChannelIndex,
  type CronDocument,
  canonicalName,
  cronDocumentSchema,
  indexSchema,
} from './index-schema.ts';

/** Some 80 releases for three platforms. The YAML parser needs up to a second for so much that is hostile. */
export const LONGEST_INDEX_BYTES = 128 * 1024;

export interface IndexObjection {
  readonly kind: 'refused';
  readonly reason: 'IndexInvalid' | 'IndexTooLarge';
  /** What was wanted, what was found and where. */
  readonly message: string;
}

export type ParsedIndex = { readonly kind: 'read'; readonly index: ChannelIndex } | IndexObjection;
export type ParsedCron = { readonly kind: 'read'; readonly update: CronDocument } | IndexObjection;

/**
 * Reads an index, k0s's plain form or the extended one; judges neither signature nor time. Never throws.
 * @param from where it comes from, for messages: `FROM:LINE:COLUMN: FIELD: wanted ..., found ...`
 */
export function parseIndex(bytes: Uint8Array, from: string): ParsedIndex {
  const parsed = read(bytes, from, indexSchema);
  return parsed.kind === 'refused' ? parsed : { kind: 'read', index: parsed.value };
}

/** Reads the document of the old cron protocol. Never throws. */
export function parseCronDocument(bytes: Uint8Array, from: string): ParsedCron {
  const parsed = read(bytes, from, cronDocumentSchema);
  return parsed.kind === 'refused' ? parsed : { kind: 'read', update: parsed.value };
}

function read<T>(
  bytes: Uint8Array,
  from: string,
  schema: z.ZodType<T>,
): { readonly kind: 'read'; readonly value: T } | IndexObjection {
  if (bytes.length > LONGEST_INDEX_BYTES) return tooLarge(from, bytes.length);
  let yaml: PlainYaml;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    yaml = plainYaml(text, canonicalName);
  } catch (thrown) {
    const where = thrown instanceof YamlError ? placed(from, thrown.place) : from;
    const what =
      thrown instanceof TypeError ? 'wanted UTF-8, found other bytes' : messageOf(thrown);
    return invalid(`${where}: ${what}`);
  }
  if (yaml.value === undefined) return invalid(`${from}: wanted a YAML document, found none`);
  const parsed = schema.safeParse(yaml.value);
  if (parsed.success) return { kind: 'read', value: parsed.data };
  const [issue] = parsed.error.issues;
  return invalid(issue === undefined ? `${from}: not valid` : describe(issue, yaml, from));
}

/** @param bytes that were counted before the reading was stopped, or the length that was announced */
export function tooLarge(from: string, bytes: number): IndexObjection {
  return {
    kind: 'refused',
    reason: 'IndexTooLarge',
    message: `${from}: wanted at most ${LONGEST_INDEX_BYTES} bytes, found ${bytes} or more`,
  };
}

function invalid(message: string): IndexObjection {
  return { kind: 'refused', reason: 'IndexInvalid', message };
}

function describe(issue: z.core.$ZodIssue, yaml: PlainYaml, from: string): string {
  const found = valueAt(yaml.value, issue.path);
  const where = placed(from, yaml.placeOf(issue.path));
  const name = issue.path.length === 0 ? '' : `${fieldName(issue.path)}: `;
  // a judgement of several fields together says itself what it found
  const isWhole = issue.code === 'custom' && typeof found === 'object';
  const what = found === undefined ? 'it is missing' : `found ${clip(found)}`;
  return `${where}: ${name}${issue.message}${isWhole ? '' : `, ${what}`}`;
}
