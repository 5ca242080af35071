import type { ScaleResult } from './main.ts';

interface Curve {
  readonly title: string;
  readonly unit: string;
  readonly of: (result: ScaleResult) => number;
  /** Of the design; undefined: none was set. */
  readonly bound?: number;
}

const CURVES: readonly Curve[] = [
  { title: 'CPU of the orchestrator', unit: 'ms a node', of: (one) => one.cpuMsPerNode, bound: 8 },
  { title: 'Writes', unit: 'a node', of: (one) => one.writesPerNode, bound: 5 },
  { title: 'Peak memory', unit: 'MB', of: (one) => one.peakMB, bound: 320 },
  { title: 'Bytes that etcd writes', unit: 'kB a node', of: (one) => one.etcdBytesPerNode / 1000 },
  { title: 'Nodes a second', unit: 'in the run', of: (one) => one.nodesPerSecond },
  { title: 'Status of the Plan', unit: 'kB', of: (one) => one.statusBytes / 1000, bound: 100 },
];

const WIDTH = 280;
const HEIGHT = 170;
const COLUMNS = 3;
const INSET = { left: 48, right: 16, top: 34, bottom: 26 } as const;

/** One small plot for each figure, over the number of nodes, which grows by powers of ten. */
export function plotOf(results: readonly ScaleResult[]): string {
  const sorted = results.toSorted((a, b) => a.nodes - b.nodes);
  const rows = Math.ceil(CURVES.length / COLUMNS);
  const plots = CURVES.map((curve, at) => {
    const x = (at % COLUMNS) * WIDTH;
    const y = Math.floor(at / COLUMNS) * HEIGHT;
    return `<g transform="translate(${x} ${y})">\n${plot(curve, sorted)}\n</g>`;
  });
  const size = { width: COLUMNS * WIDTH, height: rows * HEIGHT };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="11">`,
    '<title>What a run costs for each node, and how that grows with their number</title>',
    `<rect width="${size.width}" height="${size.height}" fill="white"/>`,
    ...plots,
    '</svg>\n',
  ].join('\n');
}

function plot({ title, unit, of, bound }: Curve, results: readonly ScaleResult[]): string {
  const values = results.map(of);
  const most = niceAbove(Math.max(...values, bound ?? 0));
  const logs = results.map(({ nodes }) => Math.log10(nodes));
  const [least, widest] = [Math.min(...logs), Math.max(...logs)];
  const inner = {
    width: WIDTH - INSET.left - INSET.right,
    height: HEIGHT - INSET.top - INSET.bottom,
  };
  const x = (log: number) =>
    round(INSET.left + inner.width * (widest === least ? 0.5 : (log - least) / (widest - least)));
  const y = (value: number) => round(INSET.top + inner.height * (1 - value / most));
  const right = INSET.left + inner.width;
  const grid = [0, most / 2, most].flatMap((value) => [
    `<line x1="${INSET.left}" x2="${right}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/>`,
    `<text x="${INSET.left - 6}" y="${y(value) + 4}" text-anchor="end">${label(value)}</text>`,
  ]);
  const ticks = results.map(
    ({ nodes }, at) =>
      `<text x="${x(logs[at]!)}" y="${HEIGHT - 8}" text-anchor="middle">${label(nodes)}</text>`,
  );
  const points = values.map((value, at) => `${x(logs[at]!)},${y(value)}`);
  const limit =
    bound === undefined
      ? []
      : [
          `<line x1="${INSET.left}" x2="${right}" y1="${y(bound)}" y2="${y(bound)}" stroke="#c33" stroke-dasharray="4 3"/>`,
        ];
  return [
    `<text x="${INSET.left}" y="18" font-weight="bold">${title} <tspan font-weight="normal">(${unit})</tspan></text>`,
    ...grid,
    ...limit,
    ...ticks,
    `<polyline points="${points.join(' ')}" fill="none" stroke="#26c" stroke-width="2"/>`,
    ...points.map((point) => {
      const [cx, cy] = point.split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="#26c"/>`;
    }),
  ].join('\n');
}

/** The next 1, 2 or 5 of its power of ten. */
export function niceAbove(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((step) => step * power >= value) ?? 10) * power;
}

function label(value: number): string {
  return value >= 1000 ? `${round(value / 1000)}k` : String(round(value));
}

function round(value: number): number {
  return Math.round(100 * value) / 100;
}
