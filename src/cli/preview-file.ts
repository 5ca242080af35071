import { type Document, LineCounter, parseAllDocuments, type YAMLError } from 'yaml';
import type * as z from 'zod';
import { API_VERSION } from '../api/meta.ts';
import { type PlanSpec, planSpecSchema } from '../api/plan.ts';
import { ConfigError } from '../config.ts';

/** A Plan as a file says it. */
export interface PlanFile {
  readonly name: string;
  readonly spec: PlanSpec;
  /** Fields that the API server would drop: `file:line: path`. */
  readonly unknown: readonly string[];
}

type Path = readonly PropertyKey[];

/**
 * The one Plan of a manifest, which may hold other objects beside it.
 * @param file for messages
 * @param name which Plan, where there are several
 * @throws ConfigError naming file, line and field, everything at once
 */
export function readPlanFile(text: string, file: string, name?: string): PlanFile {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines });
  const all: Document[] = Array.isArray(documents) ? documents : [];
  const where = (offset: number) => `${file}:${lines.linePos(offset).line}`;
  const errors = all.flatMap((document) => document.errors);
  if (errors.length > 0) {
    throw new ConfigError(
      errors.map((error) => `${where(error.pos[0])}: ${said(error)}`).join('\n'),
    );
  }
  const plans = all.filter((document) => document.get?.('kind') === 'Plan');
  const named = plans.filter(
    (document) => name === undefined || document.getIn(['metadata', 'name']) === name,
  );
  const [document] = named;
  if (document === undefined || named.length > 1) throw notOne(file, plans, name);

  const at = (path: Path) => where(offsetOf(document, path));
  const version = document.get('apiVersion');
  if (version !== API_VERSION) {
    throw new ConfigError(
      `${at(['apiVersion'])}: apiVersion: wanted ${API_VERSION}, found ${version}`,
    );
  }
  const found = document.getIn(['metadata', 'name']);
  if (typeof found !== 'string' || found === '') {
    throw new ConfigError(`${at(['metadata'])}: metadata.name: wanted a name, found none`);
  }
  const raw = (document.toJS() as { spec?: unknown }).spec;
  const read = planSpecSchema.safeParse(raw);
  if (!read.success) {
    throw new ConfigError(read.error.issues.map((issue) => flawOf(issue, at)).join('\n'));
  }
  const unknown = droppedFrom(raw, read.data, ['spec']).map(
    (path) => `${at(path)}: ${pathText(path)}`,
  );
  return { name: found, spec: read.data, unknown };
}

function notOne(file: string, plans: readonly Document[], name: string | undefined): ConfigError {
  const names = plans.map((plan) => String(plan.getIn(['metadata', 'name']))).join(', ');
  const wanted = name === undefined ? 'one Plan' : `one Plan ${name}`;
  const which = name === undefined && plans.length > 1 ? '; say which: preview -f FILE NAME' : '';
  return new ConfigError(`${file}: wanted ${wanted}, found ${names || 'none'}${which}`);
}

function flawOf({ path, message }: z.core.$ZodIssue, at: (path: Path) => string): string {
  const full = ['spec', ...path];
  return `${at(full)}: ${pathText(full)}: ${message}`;
}

/** The first line alone: the others draw the place, which is said already. */
function said({ message }: YAMLError): string {
  return message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
}

/** Of the field itself, or of the nearest one around it that is there. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = (node as { range?: readonly number[] } | undefined)?.range;
    if (range?.[0] !== undefined) return range[0];
  }
  return 0;
}

/** Paths of what was given and has not been read. */
function droppedFrom(given: unknown, read: unknown, path: Path): Path[] {
  if (typeof given !== 'object' || given === null) return [];
  if (typeof read !== 'object' || read === null) return [];
  return Object.entries(given).flatMap(([key, value]) => {
    const here = [...path, Array.isArray(given) ? Number(key) : key];
    return Object.hasOwn(read, key)
      ? droppedFrom(value, (read as Record<string, unknown>)[key], here)
      : [here];
  });
}

/** `spec.commands[0].k0supdate.version` */
function pathText(path: Path): string {
  return path
    .map((part, at) =>
      typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`,
    )
    .join('');
}
