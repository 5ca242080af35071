import { PbfWriter } from 'pbf';

/** A message as an API server would write it: by the numbers of its fields. */
export interface Fields {
  readonly [field: number]:
    | string
    | number
    | boolean
    | Uint8Array
    | ReadonlyMap<string, string>
    | Fields
    | readonly (string | Fields)[];
}

export function bytesOf(fields: Fields): Buffer {
  const to = new PbfWriter();
  for (const [key, value] of Object.entries(fields)) writeField(to, Number(key), value);
  return Buffer.from(to.finish());
}

function writeField(to: PbfWriter, field: number, value: Fields[number]): void {
  if (typeof value === 'string') to.writeStringField(field, value);
  else if (typeof value === 'number') to.writeVarintField(field, value);
  else if (typeof value === 'boolean') to.writeBooleanField(field, value);
  else if (value instanceof Uint8Array) to.writeBytesField(field, value);
  else if (value instanceof Map) {
    for (const [name, text] of value) to.writeBytesField(field, bytesOf({ 1: name, 2: text }));
  } else if (Array.isArray(value)) {
    for (const one of value as readonly (string | Fields)[]) writeField(to, field, one);
  } else to.writeBytesField(field, bytesOf(value as Fields));
}

/** An object that stands for itself, with what it says that it is before it. */
export function envelopeOf(kind: string, object: Fields): Buffer {
  const unknown = bytesOf({ 1: { 1: 'v1', 2: kind }, 2: bytesOf(object), 3: '', 4: '' });
  return Buffer.concat([Buffer.from('k8s\0'), unknown]);
}

/** One event of a watch, with its length before it. */
export function frameOf(type: string, object: Buffer): Buffer {
  const event = bytesOf({ 1: type, 2: { 1: object } });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}
