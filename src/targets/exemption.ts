import * as z from 'zod';
import { parseK0sVersion } from '../api/k0s-version.ts';
import { ANNOTATION } from '../api/meta.ts';

/**
 * Why a node is to be left out, as its annotations say. Times in epoch milliseconds.
 * - `optOut`: of every update, until then
 * - `pin`: of every update to another version; until then, or for good
 * - `unreadable`: an annotation that says neither; it leaves the node out until it is mended
 */
export type Exemption =
  | { readonly kind: 'optOut'; readonly untilMs: number }
  | { readonly kind: 'pin'; readonly version: string; readonly untilMs: number | undefined }
  | {
      readonly kind: 'unreadable';
      readonly annotation: string;
      /** What was wanted, and what was found. */
      readonly message: string;
    };

const timeSchema = z.iso.datetime({ offset: true });
const WANTED_TIME = 'a time with its offset, such as 2026-03-01T22:00:00Z';
/** Of a text that somebody else has written, in a message. */
const SHOWN = 60;

/** @returns those that are said, expired ones included; undefined where none is */
export function parseExemptions(
  annotations: Readonly<Record<string, string>> | undefined,
): readonly Exemption[] | undefined {
  const optOut = annotations?.[ANNOTATION.optOut];
  const pin = annotations?.[ANNOTATION.pin];
  if (optOut === undefined && pin === undefined) return undefined;
  return [
    ...(optOut === undefined ? [] : [parseOptOut(optOut)]),
    ...(pin === undefined ? [] : [parsePin(pin)]),
  ];
}

function parseOptOut(text: string): Exemption {
  const untilMs = parseTime(text);
  return untilMs === undefined
    ? unreadable(ANNOTATION.optOut, WANTED_TIME, text)
    : { kind: 'optOut', untilMs };
}

function parsePin(text: string): Exemption {
  const [said = '', until, ...more] = text.split('@').map((part) => part.trim());
  const version = parseK0sVersion(said);
  const untilMs = until === undefined ? undefined : parseTime(until);
  const isReadable =
    version !== undefined && more.length === 0 && (until === undefined || untilMs !== undefined);
  return isReadable
    ? { kind: 'pin', version: version.text, untilMs }
    : unreadable(ANNOTATION.pin, `VERSION or VERSION@TIME, TIME being ${WANTED_TIME}`, text);
}

function parseTime(text: string): number | undefined {
  const time = timeSchema.safeParse(text.trim());
  return time.success ? Date.parse(time.data) : undefined;
}

function unreadable(annotation: string, wanted: string, text: string): Exemption {
  const found = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return {
    kind: 'unreadable',
    annotation,
    message: `annotation ${annotation}: wanted ${wanted}; found ${JSON.stringify(found)}`,
  };
}
