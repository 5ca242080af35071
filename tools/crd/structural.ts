import * as z from 'zod';

/** The subset of OpenAPI v3 that a CustomResourceDefinition may hold ("structural schema"). */
export interface StructuralSchema {
  description?: string;
  type?: string;
  format?: 'date-time';
  nullable?: true;
  default?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, StructuralSchema>;
  required?: readonly string[];
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  'x-kubernetes-list-type'?: 'atomic' | 'map';
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-int-or-string'?: true;
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-validations'?: readonly Rule[];
}

/** A rule in CEL, for fields of our own whose size is bounded. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
}

type JsonSchema = Record<string, unknown> & {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  required?: string[];
};

/**
 * Turns a zod schema into the structural schema of what a client may send.
 *
 * Patterns are left out: zod writes them for the regular expressions of JavaScript, the API server reads
 * RE2, and k0s's fields have none. Bounds of JavaScript's whole numbers are left out as well. What is
 * accepted here and makes no sense is answered by the orchestrator with a condition. What only Kubernetes
 * knows (`x-kubernetes-*`) is said in the `meta` of a zod schema.
 * @throws Error where zod wrote something that a CRD cannot hold
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' });
  return convert(json as JsonSchema, '');
}

function convert(json: JsonSchema, path: string): StructuralSchema {
  const isIntOrString = json['x-kubernetes-int-or-string'] === true;
  if (typeof json.type !== 'string' && !isIntOrString) {
    throw new Error(`${path || '(root)'}: a CRD wants one type here, zod wrote ${keysOf(json)}`);
  }
  const { description, format, minimum, minLength, maxLength, minItems, maxItems } = json;
  const rules = json['x-kubernetes-validations'] as readonly Rule[] | undefined;
  const listType = json['x-kubernetes-list-type'] as 'map' | undefined;
  const mapKeys = json['x-kubernetes-list-map-keys'] as readonly string[] | undefined;
  return {
    ...(typeof description === 'string' && { description }),
    ...(isIntOrString
      ? { 'x-kubernetes-int-or-string': true as const }
      : { type: json.type as string }),
    ...(typeof minLength === 'number' && { minLength }),
    ...(typeof maxLength === 'number' && { maxLength }),
    ...(typeof minItems === 'number' && { minItems }),
    ...(typeof maxItems === 'number' && { maxItems }),
    ...(listType && { 'x-kubernetes-list-type': listType }),
    ...(mapKeys && { 'x-kubernetes-list-map-keys': mapKeys }),
    ...(rules && { 'x-kubernetes-validations': rules }),
    ...(format === 'date-time' && { format: 'date-time' as const }),
    ...(json.nullable === true && { nullable: true as const }),
    ...(json.default !== undefined && { default: json.default }),
    ...(Array.isArray(json.enum) && { enum: json.enum }),
    ...(typeof minimum === 'number' && minimum > Number.MIN_SAFE_INTEGER && { minimum }),
    ...objectParts(json, path),
    ...(json.items && { items: convert(json.items, `${path}[]`) }),
  };
}

function objectParts(json: JsonSchema, path: string): StructuralSchema {
  const parts: StructuralSchema = {};
  if (json.properties) {
    parts.properties = {};
    for (const [name, property] of Object.entries(json.properties)) {
      parts.properties[name] = convert(property, `${path}.${name}`);
    }
    if (json.required?.length) parts.required = json.required;
  } else if (json['x-kubernetes-preserve-unknown-fields'] === true) {
    parts['x-kubernetes-preserve-unknown-fields'] = true;
  } else if (typeof json.additionalProperties === 'object') {
    parts.additionalProperties = convert(json.additionalProperties, `${path}.*`);
  }
  return parts;
}

/**
 * Marks every list as one value (`atomic`), so that its writer replaces it whole, except `conditions`,
 * which several writers may share, and those whose schema says otherwise.
 */
export function markLists(schema: StructuralSchema, name = ''): StructuralSchema {
  const marked: StructuralSchema = { ...schema };
  if (schema.type === 'array' && schema['x-kubernetes-list-type'] === undefined) {
    marked['x-kubernetes-list-type'] = name === 'conditions' ? 'map' : 'atomic';
    if (name === 'conditions') marked['x-kubernetes-list-map-keys'] = ['type'];
  }
  if (schema.items) marked.items = markLists(schema.items);
  if (schema.additionalProperties) {
    marked.additionalProperties = markLists(schema.additionalProperties);
  }
  if (schema.properties) {
    marked.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([key, value]) => [key, markLists(value, key)]),
    );
  }
  return marked;
}

function keysOf(json: JsonSchema): string {
  return `${JSON.stringify(json.type)} with ${Object.keys(json).join(', ')}`;
}
