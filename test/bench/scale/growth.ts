import type { ScaleResult } from './main.ts';

/** What must not grow faster than the number of nodes: exponents of the totals. */
export interface Growth {
  readonly cpu: number;
  readonly requests: number;
  readonly etcdBytes: number;
}

/** @returns undefined for fewer than two sizes */
export function growthOf(results: readonly ScaleResult[]): Growth | undefined {
  if (new Set(results.map(({ nodes }) => nodes)).size < 2) return undefined;
  const exponent = (totalOf: (result: ScaleResult) => number) =>
    round(exponentOf(results.map((one) => [one.nodes, totalOf(one)])));
  return {
    cpu: exponent(({ nodes, cpuMsPerNode }) => nodes * cpuMsPerNode),
    requests: exponent(
      ({ nodes, writesPerNode, readsPerNode }) => nodes * (writesPerNode + readsPerNode),
    ),
    etcdBytes: exponent(({ nodes, etcdBytesPerNode }) => nodes * etcdBytesPerNode),
  };
}

/** The power of the size that fits totals best: the slope of a line through their logarithms. */
export function exponentOf(points: readonly (readonly [size: number, total: number])[]): number {
  const logs = points.map(([size, total]) => [Math.log(size), Math.log(total)] as const);
  const mean = (pick: 0 | 1) => logs.reduce((sum, log) => sum + log[pick], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const above = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const below = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return above / below;
}

function round(value: number): number {
  return Math.round(100 * value) / 100;
}
