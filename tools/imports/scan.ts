export interface Import {
  /** As written: `../api/plan.ts`, `node:fs`, `@kubernetes/client-node`. */
  readonly specifier: string;
  /** `import type` and `export type`: gone when it runs. */
  readonly typeOnly: boolean;
  /** `import()`: loaded only when it is reached. */
  readonly dynamic: boolean;
  readonly line: number;
}

const STATIC = /^[ \t]*(?:import|export)(\s+type)?\s[^;'"`]*?\bfrom\s+['"]([^'"]+)['"]/gm;
const BARE = /^[ \t]*import\s+['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]/g;

/**
 * Finds the imports of a file without a parser: our sources are formatted, so a statement begins its line.
 * An `import()` of anything but a plain string is not seen.
 */
export function scanImports(text: string): readonly Import[] {
  const code = blankComments(text);
  const found: Import[] = [];
  const add = (match: RegExpExecArray, specifier: string, rest: Partial<Import>) =>
    found.push({
      specifier,
      typeOnly: false,
      dynamic: false,
      line: lineOf(code, match.index),
      ...rest,
    });
  for (const match of code.matchAll(STATIC)) {
    add(match, match[2]!, { typeOnly: match[1] !== undefined });
  }
  for (const match of code.matchAll(BARE)) add(match, match[1]!, {});
  for (const match of code.matchAll(DYNAMIC)) add(match, match[1]!, { dynamic: true });
  return found.sort((a, b) => a.line - b.line);
}

/** Lines, from 1, on which the code (not a comment) says what `pattern` looks for. */
export function linesThatSay(text: string, pattern: RegExp): readonly number[] {
  const code = blankComments(text);
  return [...code.matchAll(new RegExp(pattern, 'g'))].map(({ index }) => lineOf(code, index));
}

/** Strings are matched first, so that a `//` inside one is not taken for a comment. */
const STRING_OR_COMMENT =
  /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

function blankComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (match) =>
    match.startsWith('/') ? match.replace(/[^\n]/g, ' ') : match,
  );
}

function lineOf(text: string, index: number): number {
  const statement = text.slice(index).search(/\S/);
  return text.slice(0, index + Math.max(statement, 0)).split('\n').length;
}
