import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A YAML file as plain values, which remembers where each of them stands. */
export interface PlainYaml {
  /** Objects have no prototype, so that `__proto__` is a field like any other. */
  readonly value: unknown;
  /** Of a value; of the nearest one around it where there is none. */
  placeOf(path: Path): Place;
  /** Of the name of a field. */
  placeOfKey(path: Path, key: string): Place;
}

type Path = readonly PropertyKey[];

/** Something that stands in the way of reading a file at all. */
export class YamlError extends Error {
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

const DEEPEST = 16;

/**
 * Reads one YAML 1.2 document of maps, lists and scalars. Aliases, tags and fields that are no plain words
 * are refused: neither a policy nor an index needs any, and with them a small file can cost hours.
 * @param canonical the name that a field is known by, where it may be written in several ways
 * @returns value `undefined` for a file that says nothing
 * @throws YamlError
 */
export function plainYaml(
  text: string,
  canonical: (name: string) => string = (name) => name,
): PlainYaml {
  const lines = new LineCounter();
  const document = parseDocument<Node>(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    schema: 'core',
    // compares each name with each other one; it is done below, at the cost of one look
    uniqueKeys: false,
    // not `silent`, which lets further documents pass
    logLevel: 'error',
  });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    throw new YamlError(PROBLEMS[problem.code] ?? problem.message, placeAt(problem.pos[0]));
  }
  const place = (node: Node | null) => placeAt(node?.range?.[0] ?? 0);

  const plain = (node: Node | null, depth: number): unknown => {
    if (node === null) return undefined;
    if (node.tag !== undefined && !PLAIN_TAGS.has(node.tag)) {
      throw new YamlError(`wanted a plain value, found the tag ${node.tag}`, place(node));
    }
    if (depth > DEEPEST) throw new YamlError(`nested deeper than ${DEEPEST}`, place(node));
    if (isScalar(node)) return node.value;
    if (isSeq<Node>(node)) return node.items.map((item) => plain(item, depth + 1) ?? null);
    if (!isMap<Node, Node | null>(node)) {
      throw new YamlError('wanted a plain value, found an alias', place(node));
    }
    const fields: Record<string, unknown> = Object.create(null);
    const named = new Set<string>();
    for (const { key, value } of node.items) {
      if (!isScalar(key) || typeof key.value !== 'string') {
        throw new YamlError('wanted the name of a field, found something else', place(key));
      }
      const name = canonical(key.value);
      if (named.has(name)) {
        throw new YamlError('the same field stands here a second time', place(key));
      }
      named.add(name);
      // a name without a value says nothing, as if it were not there
      const said = plain(value, depth + 1) ?? undefined;
      if (said !== undefined) fields[name] = said;
    }
    return fields;
  };

  const isNamed = (key: unknown, name: PropertyKey) =>
    isScalar(key) && typeof key.value === 'string' && canonical(key.value) === name;

  const nodeAt = (path: Path): Node | null => {
    let node = document.contents as Node | null;
    for (const step of path) {
      const inner = isSeq<Node>(node)
        ? node.items[Number(step)]
        : isMap<Node, Node | null>(node)
          ? node.items.find(({ key }) => isNamed(key, step))?.value
          : undefined;
      if (!inner) break;
      node = inner;
    }
    return node;
  };

  return {
    value: plain(document.contents, 0) ?? undefined,
    placeOf: (path) => place(nodeAt(path)),
    placeOfKey: (path, key) => {
      const map = nodeAt(path);
      const pair = isMap<Node>(map)
        ? map.items.find(({ key: name }) => isNamed(name, key))
        : undefined;
      return place(pair?.key ?? map);
    },
  };
}

const PLAIN_TAGS = new Set(
  ['map', 'seq', 'str', 'int', 'float', 'bool', 'null'].map((name) => `tag:yaml.org,2002:${name}`),
);

const PROBLEMS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'wanted one document, found another one',
  TAB_AS_INDENT: 'wanted spaces for indentation, found a tab',
};
