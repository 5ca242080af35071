import { parse } from 'yaml';
import * as z from 'zod';
import { messageOf } from '../errors.ts';
import { covers } from './address.ts';

const headerText = z
  .string()
  .min(1)
  .regex(/^[\x20-\x7e]+$/, 'wanted printable ASCII');
const credentialSchema = z.union([
  z.strictObject({
    prefix: z.url({ protocol: /^https?$/ }),
    username: headerText.regex(/^[^:]+$/, 'a user name holds no colon'),
    password: z.string(),
  }),
  z.strictObject({ prefix: z.url({ protocol: /^https?$/ }), bearer: headerText }),
]);
export type Credential = z.infer<typeof credentialSchema>;
const fileSchema = z.strictObject({ credentials: z.array(credentialSchema) });

/** @throws Error with what is wrong and where, and nothing of what is secret */
export function parseCredentials(text: string): readonly Credential[] {
  let content: unknown;
  try {
    // without the line itself, which may hold a password
    content = parse(text, { prettyErrors: false });
  } catch (thrown) {
    throw new Error(`wanted YAML: ${messageOf(thrown)}`);
  }
  const parsed = fileSchema.safeParse(content);
  if (parsed.success) return parsed.data.credentials;
  const issue = parsed.error.issues[0];
  const where = issue?.path.length ? issue.path.join('.') : '(root)';
  throw new Error(
    `at ${where}: ${issue?.code === 'invalid_union' ? 'wanted prefix (http or https) with username and password, or with bearer' : issue?.message}`,
  );
}

/** The value of Authorization for an address: of the longest prefix that covers it, and of no other. */
export function authorizationFor(url: URL, credentials: readonly Credential[]): string | undefined {
  const [best] = credentials
    .filter(({ prefix }) => covers(prefix, url))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  if (best === undefined) return undefined;
  if ('bearer' in best) return `Bearer ${best.bearer}`;
  return `Basic ${Buffer.from(`${best.username}:${best.password}`).toString('base64')}`;
}

/** Why a file that should be a secret is none; undefined when it is. */
export function judgeSecrecy(file: {
  readonly uid: number;
  readonly mode: number;
}): string | undefined {
  if (file.uid !== 0) return `wanted root as its owner, found user ${file.uid}`;
  const mode = file.mode & 0o777;
  if ((mode & 0o077) === 0) return undefined;
  return `wanted it readable by its owner alone (0600), found 0${mode.toString(8)}`;
}
