import type { PbfReader } from 'pbf';

/** What was sent is not what its own lengths say, or not what was asked for: as unreadable as JSON with such an error. */
export class ProtobufError extends SyntaxError {
  override readonly name = 'ProtobufError';
}

/** Reads the value of one field; `from` stands before it, and then behind it. */
export type Read<T> = (from: PbfReader) => T;

/** Reads a message that goes on until `end`, a position of `from`. @throws ProtobufError where it does not end there */
export type Message<T> = (from: PbfReader, end: number) => T;

/** A message that stands for itself. */
export interface Kind<T = unknown> {
  /** Such as `Node`. */
  readonly name: string;
  readonly message: Message<T>;
}

/** What becomes of one field of a message: what it is called, and whether it may come several times. */
export type Field = (into: Record<string, unknown>, from: PbfReader) => void;

/**
 * @param fields by their numbers. All others are skipped, so that what nobody reads costs next to nothing
 * @returns objects such as JSON would make of the same message: what is empty is left out
 */
export function message<T>(fields: Readonly<Record<number, Field>>): Message<T> {
  const read = (field: number, into: Record<string, unknown>, from: PbfReader) =>
    fields[field]?.(into, from);
  return (from, end) => {
    if (end > from.length) {
      throw new ProtobufError(`a message that ends at byte ${end} of ${from.length}`);
    }
    const whole = from.readFields(read, {}, end);
    if (from.pos !== end) {
      throw new ProtobufError(`a message that ends at byte ${from.pos}, wanted ${end}`);
    }
    return whole as T;
  };
}

/** As the last one says that came. */
export function one(name: string, read: Read<unknown>): Field {
  return (into, from) => {
    const value = read(from);
    if (value !== undefined) into[name] = value;
  };
}

export function many(name: string, read: Read<unknown>): Field {
  return (into, from) => {
    const values = into[name] as unknown[] | undefined;
    if (values === undefined) into[name] = [read(from)];
    else values.push(read(from));
  };
}

/** A map of strings: each of its entries is a message of its own. */
export function strings(name: string): Field {
  return (into, from) => {
    const { key = '', value = '' } = ENTRY(from);
    const map = into[name] as Record<string, string> | undefined;
    if (map === undefined) into[name] = { [key]: value };
    else map[key] = value;
  };
}

export function nested<T>(of: Message<T>): Read<T> {
  return (from) => {
    const length = from.readVarint();
    return of(from, from.pos + length);
  };
}

/** Its fields are those of the message that it is in, as JSON has it. */
export function inline(of: Message<object>): Field {
  const read = nested(of);
  return (into, from) => {
    Object.assign(into, read(from));
  };
}

/** Kubernetes sends strings that are empty, too. */
export const text: Read<string | undefined> = (from) => {
  const length = from.readVarint();
  const start = from.pos;
  const end = start + length;
  if (end > from.length) {
    throw new ProtobufError(`a text that ends at byte ${end} of ${from.length}`);
  }
  from.pos = end;
  return length === 0 ? undefined : (from.buf as Buffer).toString('utf8', start, end);
};

/** A member of a list stays, though it may be empty. */
export const member: Read<string> = (from) => text(from) ?? '';

export const integer: Read<number> = (from) => from.readVarint(true);

export const isTrue: Read<true | undefined> = (from) => from.readBoolean() || undefined;

export const bytes: Read<Uint8Array> = (from) => from.readBytes();

/** It is there; what is in it is read by nobody. */
export const present: Read<object> = nested(message<object>({}));

const ENTRY = nested(
  message<{ key?: string; value?: string }>({ 1: one('key', text), 2: one('value', text) }),
);
