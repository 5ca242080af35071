import { basename } from 'node:path';
import * as z from 'zod';
import type { Order } from '../signals/order.ts';
import type { Files } from './host.ts';
import type { Layout } from './layout.ts';

const artifactSchema = z.strictObject({
  kind: z.string(),
  version: z.string(),
  url: z.string(),
  sha256: z.string().optional(),
});

/** What is known for certain of a download that is not whole. Its first `syncedBytes` survive anything. */
const recordSchema = z.strictObject({
  v: z.literal(1),
  planUid: z.string(),
  artifact: artifactSchema,
  /** Who gave these bytes; the rest is asked for there alone. */
  source: z.string(),
  /** Strong: by it the rest of this very file can be asked for. */
  validator: z.string().optional(),
  totalBytes: z.number().int().min(0).optional(),
  fileName: z.string().optional(),
  syncedBytes: z.number().int().min(0),
  /** Of exactly those bytes. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** When it was written, by the clock on the wall. */
  wallMs: z.number(),
});
export type PartialRecord = z.infer<typeof recordSchema>;

/** For whom a part of a file would be of use. */
export interface Wanted {
  readonly planUid: string;
  readonly artifact: PartialRecord['artifact'];
}

export function wantedBy({ plan, artifact }: Order): Wanted {
  const { kind, version, url = '', sha256 } = artifact;
  return {
    planUid: plan.uid,
    artifact: { kind, version, url, ...(sha256 !== undefined && { sha256 }) },
  };
}

/** The same artifact; of another Plan only where its digest says that it is the same. */
export function isOfUse(record: PartialRecord, wanted: Wanted): boolean {
  const { artifact } = record;
  const same = (['kind', 'version', 'url', 'sha256'] as const).every(
    (key) => artifact[key] === wanted.artifact[key],
  );
  return same && (record.planUid === wanted.planUid || artifact.sha256 !== undefined);
}

/** One that cannot be read is none: then everything is fetched again. */
export async function readPartialRecord(
  files: Files,
  layout: Layout,
): Promise<PartialRecord | undefined> {
  const text = await files.readText(layout.partialRecord);
  if (text === undefined) return undefined;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Durable when it returns. The bytes that it speaks of must have been synced before. */
export async function writePartialRecord(
  files: Files,
  layout: Layout,
  record: PartialRecord,
): Promise<void> {
  const beside = besideOf(layout);
  await files.writeText(beside, `${JSON.stringify(recordSchema.parse(record))}\n`);
  await files.sync(beside);
  await files.rename(beside, layout.partialRecord);
  await files.syncFolder(layout.stagingFolder);
}

/** The record last: without it a part of a file is nothing, without the part a record is refuted. */
export async function removePartial(files: Files, layout: Layout): Promise<void> {
  const paths = [layout.partial, layout.partialRecord, besideOf(layout)];
  const found = await files.list(layout.stagingFolder);
  if (!paths.some((path) => found.includes(basename(path)))) return;
  for (const path of paths) await files.remove(path);
  // else a power cut brings back what was found to be bad
  await files.syncFolder(layout.stagingFolder);
}

/**
 * Drops a part of a file that nobody will go on with: older than `keepMs`, or of another artifact than is
 * wanted now. Call it without `wanted` only while no order is open. An age by a clock that was set back is
 * an age as well.
 */
export async function forgetOldPartial(
  files: Files,
  layout: Layout,
  {
    wallMs,
    keepMs,
    wanted,
  }: { readonly wallMs: number; readonly keepMs: number; readonly wanted?: Wanted },
): Promise<void> {
  // the part was used, and its record outlived that through a power cut
  const isThere = (await files.stat(layout.partial)) !== undefined;
  const record = isThere ? await readPartialRecord(files, layout) : undefined;
  const isKept =
    record !== undefined &&
    (wanted === undefined ? Math.abs(wallMs - record.wallMs) <= keepMs : isOfUse(record, wanted));
  if (!isKept) await removePartial(files, layout);
}

function besideOf(layout: Layout): string {
  return `${layout.partialRecord}.new`;
}
