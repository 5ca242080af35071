import { posix } from 'node:path';
import { type Import, linesThatSay, scanImports } from './scan.ts';

/** Path in the clone, with `/`, to text. */
export type Sources = ReadonlyMap<string, string>;

/** From the inside out: a file imports its own layer and those before it. @see docs/development */
const LAYERS = ['api', 'pure', 'adapter', 'program'] as const;
export type Layer = (typeof LAYERS)[number];

const PURE_FOLDERS =
  /^src\/(plans|signals|targets|health|gates|windows|channels|artifacts|metrics|node-agent|install|both|drain\/judge)\//;
const DOES_IO = /(^|\/)([\w.-]+-)?(client|store|linux|controller|server)\.ts$/;

/** Packages and modules that a pure file does not know. */
const IO_MODULES =
  /^(undici|pino|prom-client|@kubernetes\/client-node|node:(fs|fs\/promises|child_process|http|https|net|tls|dns|timers\/promises))$/;
const READS_THE_WORLD =
  /\bDate\.now\(|\bnew Date\(\)|\bprocess\.(env|hrtime)\b|\bperformance\.now\(/;

/** What an agent may not load: each costs more memory than the agent itself. */
const AGENT_MAIN = 'src/node-agent/main.ts';
const TOO_HEAVY_FOR_AGENT =
  /^(undici|xstate|prom-client|@kubernetes\/client-node|commander|@marcbachmann\/cel-js|@prometheus-io\/lezer-promql)$/;

/**
 * Programs, and the packages that each may load before it knows what it is asked to do: a person waits for help,
 * for a version and for what is wrong with their options. The rest is imported by what is then done.
 */
const AT_START: Readonly<Record<string, RegExp>> = {
  'src/main.ts': /^$/,
  'src/cli/main.ts': /^commander$/,
};

/** Pure folders that must not know `plans`, which knows them. */
const BELOW_PLANS = /^src\/(targets|signals|health|gates|windows|drain\/judge)\//;

export function layerOf(file: string): Layer {
  if (file.startsWith('src/api/') || /^src\/(errors|clock)\.ts$/.test(file)) return 'api';
  if (/(^|\/)main\.ts$/.test(file)) return 'program';
  if (PURE_FOLDERS.test(file) && !DOES_IO.test(file)) return 'pure';
  return file.startsWith('src/cli/') ? 'program' : 'adapter';
}

/**
 * @param sources all files under `src/`
 * @param dependencies names of packages that what ships may import
 * @returns one sentence per violation, each beginning with `file:line: `; empty when all is well
 */
export function violations(sources: Sources, dependencies: ReadonlySet<string>): string[] {
  const graph = new Map<string, readonly Import[]>();
  for (const [file, text] of sources) graph.set(file, scanImports(text));
  const found: string[] = [];
  for (const [file, imports] of graph) {
    for (const one of imports) {
      const why = relative(one)
        ? judgeOwn(file, resolve(file, one), sources)
        : judgePackage(file, one.specifier, dependencies);
      if (why) found.push(`${file}:${one.line}: ${why}`);
    }
    if (layerOf(file) !== 'pure' && layerOf(file) !== 'api') continue;
    for (const line of linesThatSay(sources.get(file)!, READS_THE_WORLD)) {
      found.push(
        `${file}:${line}: a pure file takes time and configuration as arguments; a file that does IO says so in its name`,
      );
    }
  }
  return [...found, ...cycles(graph), ...heavyAgent(graph), ...heavyStarts(graph)];
}

function judgeOwn(file: string, target: string, sources: Sources): string | undefined {
  if (!sources.has(target)) return `imports ${target}, which does not exist under src/`;
  const from = layerOf(file);
  const to = layerOf(target);
  if (LAYERS.indexOf(to) > LAYERS.indexOf(from)) {
    return `${nameOf(from)} may not import ${nameOf(to)} (${target})`;
  }
  if (BELOW_PLANS.test(file) && target.startsWith('src/plans/')) {
    return `${target} is above it: plans know targets, signals and health, not the other way round`;
  }
  return undefined;
}

function judgePackage(
  file: string,
  specifier: string,
  dependencies: ReadonlySet<string>,
): string | undefined {
  const layer = layerOf(file);
  if ((layer === 'pure' || layer === 'api') && IO_MODULES.test(specifier)) {
    return `${nameOf(layer)} may not import ${specifier}; a file that does IO says so in its name`;
  }
  if (specifier === '@kubernetes/client-node' && !file.startsWith('src/kube/')) {
    return `only src/kube imports ${specifier}`;
  }
  if (specifier.startsWith('node:')) return undefined;
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
  return dependencies.has(name)
    ? undefined
    : `${name} is not among the "dependencies" in package.json`;
}

/** Every cycle once, type imports included: they tie files together as well. */
function cycles(graph: ReadonlyMap<string, readonly Import[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) {
      found.push(`${file}:1: imports itself: ${[...trail.slice(start), file].join(' -> ')}`);
      return;
    }
    if (done.has(file)) return;
    for (const one of graph.get(file) ?? []) {
      if (relative(one) && !one.dynamic) walk(resolve(file, one), [...trail, file]);
    }
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return found;
}

function heavyAgent(graph: ReadonlyMap<string, readonly Import[]>): string[] {
  return heavy(graph, AGENT_MAIN, true, (specifier) => TOO_HEAVY_FOR_AGENT.test(specifier)).map(
    ({ at, specifier, way }) => `${at}: the agent may not load ${specifier} (${way})`,
  );
}

function heavyStarts(graph: ReadonlyMap<string, readonly Import[]>): string[] {
  return Object.entries(AT_START).flatMap(([program, allowed]) =>
    heavy(
      graph,
      program,
      false,
      (specifier) => !specifier.startsWith('node:') && !allowed.test(specifier),
    ).map(
      ({ at, specifier, way }) =>
        `${at}: ${specifier} is loaded before ${program} knows what to do (${way}): import it there`,
    ),
  );
}

interface Heavy {
  readonly at: string;
  readonly specifier: string;
  readonly way: string;
}

/** Packages that a program loads and should not, and the way that leads to each. */
function heavy(
  graph: ReadonlyMap<string, readonly Import[]>,
  program: string,
  andLater: boolean,
  isTooMuch: (specifier: string) => boolean,
): readonly Heavy[] {
  const found: Heavy[] = [];
  const cameFrom = new Map<string, string>([[program, '']]);
  for (const file of cameFrom.keys()) {
    for (const one of graph.get(file) ?? []) {
      if (one.typeOnly || (one.dynamic && !andLater)) continue;
      const target = resolve(file, one);
      if (relative(one)) {
        if (!cameFrom.has(target)) cameFrom.set(target, file);
      } else if (isTooMuch(one.specifier)) {
        const way = [file];
        while (cameFrom.get(way[0]!)) way.unshift(cameFrom.get(way[0]!)!);
        const { specifier } = one;
        found.push({ at: `${file}:${one.line}`, specifier, way: way.join(' -> ') });
      }
    }
  }
  return found;
}

function relative({ specifier }: Import): boolean {
  return specifier.startsWith('.');
}

function resolve(file: string, { specifier }: Import): string {
  return posix.join(posix.dirname(file), specifier);
}

function nameOf(layer: Layer): string {
  return { api: 'src/api', pure: 'a pure file', adapter: 'an adapter', program: 'a program' }[
    layer
  ];
}
