import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import * as z from 'zod';
import { definitions } from '../../../tools/crd/definitions.ts';
import { type StructuralSchema, structuralSchema } from '../../../tools/crd/structural.ts';

/** The CRDs that k0s ships, where a developer has them: not part of this project. */
const k0sFolder = process.env.K0S_CRDS ?? join(import.meta.dirname, '../../../../shared/crds/k0s');

describe('the generated CRDs', () => {
  for (const { manifest } of definitions()) {
    const { plural, kind } = manifest.spec.names;
    const schema = manifest.spec.versions[0]?.schema.openAPIV3Schema;
    assert.ok(schema);

    test(`${kind} describes every field`, () => {
      const silent: string[] = [];
      visit(schema, kind, (field, path) => {
        const parent = path.endsWith('[]') || path.endsWith('.*') || path.endsWith('.metadata');
        if (field.description === undefined && !parent) silent.push(path);
      });
      assert.deepEqual(
        silent,
        [kind].filter((path) => silent.includes(path)),
      );
    });

    const real = join(k0sFolder, `autopilot.k0sproject.io_${plural}.yaml`);
    test(`${kind} accepts every object that k0s's own CRD accepts`, {
      skip: existsSync(real) ? false : `no ${real}`,
    }, () => {
      const theirs = parse(readFileSync(real, 'utf8'));
      const version = theirs.spec.versions[0];
      assert.equal(manifest.metadata.name, theirs.metadata.name);
      assert.equal(manifest.spec.scope, theirs.spec.scope);
      assert.equal(manifest.spec.versions[0]?.name, version.name);
      assert.deepEqual(stricter(schema, version.schema.openAPIV3Schema, kind), []);
    });
  }
});

describe('a structural schema', () => {
  test('has no bounds that come from JavaScript alone', () => {
    assert.deepEqual(structuralSchema(z.object({ n: z.number().int() })).properties, {
      n: { type: 'integer' },
    });
  });

  test('does not ask for what has a default', () => {
    const schema = structuralSchema(z.object({ a: z.string(), b: z.number().default(1) }));
    assert.deepEqual(schema.required, ['a']);
    assert.deepEqual(schema.properties?.b, { type: 'number', default: 1 });
  });

  test('refuses a union by the name of its field', () => {
    const union = z.object({ port: z.union([z.string(), z.number()]) });
    assert.throws(() => structuralSchema(union), /^Error: \.port: a CRD wants one type here/);
  });
});

function visit(
  schema: StructuralSchema,
  path: string,
  see: (schema: StructuralSchema, path: string) => void,
): void {
  see(schema, path);
  if (schema.items) visit(schema.items, `${path}[]`, see);
  if (schema.additionalProperties) visit(schema.additionalProperties, `${path}.*`, see);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    visit(property, `${path}.${name}`, see);
  }
}

/** @returns where `ours` refuses, drops or defaults what `theirs` would keep as it is */
function stricter(ours: StructuralSchema, theirs: StructuralSchema, path: string): string[] {
  const found: string[] = [];
  if (ours.type !== theirs.type) found.push(`${path}: type ${ours.type}, not ${theirs.type}`);
  if (ours.enum && !theirs.enum) found.push(`${path}: an enum of ours`);
  if (ours.format && !theirs.format) found.push(`${path}: a format of ours`);
  if (ours.minimum !== undefined && theirs.minimum === undefined) found.push(`${path}: a minimum`);
  if (theirs.nullable && !ours.nullable) found.push(`${path}: null is refused`);
  if (JSON.stringify(ours.default) !== JSON.stringify(theirs.default)) {
    found.push(`${path}: default ${JSON.stringify(ours.default)}`);
  }
  for (const name of ours.required ?? []) {
    if (!theirs.required?.includes(name)) found.push(`${path}.${name}: required by us only`);
  }
  if (theirs.items) found.push(...stricter(ours.items ?? {}, theirs.items, `${path}[]`));
  if (theirs.additionalProperties) {
    found.push(
      ...stricter(ours.additionalProperties ?? {}, theirs.additionalProperties, `${path}.*`),
    );
  }
  for (const [name, property] of Object.entries(theirs.properties ?? {})) {
    const mine = ours.properties?.[name];
    if (mine) found.push(...stricter(mine, property, `${path}.${name}`));
    else found.push(`${path}.${name}: unknown to us`);
  }
  return found;
}
