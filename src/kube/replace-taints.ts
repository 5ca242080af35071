import type { PatchStep } from './json-patch.ts';
import type { RawTaint } from './raw.ts';

const TAINTS = '/spec/taints';

/**
 * A list is patched by position, so that the whole of it is tested: others write to it as well.
 * @param wanted made of `found` by adding and leaving out, so that lists of the same length and members are the same
 * @returns nothing where all is as wanted
 */
export function replaceTaints(
  found: readonly RawTaint[] = [],
  wanted: readonly RawTaint[],
): readonly PatchStep[] {
  const isSame = found.length === wanted.length && wanted.every((one) => found.includes(one));
  if (isSame) return [];
  return [
    { op: 'test', path: TAINTS, value: found.length === 0 ? null : found },
    wanted.length === 0
      ? { op: 'remove', path: TAINTS }
      : { op: 'add', path: TAINTS, value: wanted },
  ];
}
