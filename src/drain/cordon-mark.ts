import type { CordonMark } from '../plans/facts.ts';

const KEPT = '/kept';

/** Reads the annotation `cordoned-for`. */
export function parseCordonMark(text: string | undefined): CordonMark | undefined {
  if (!text) return undefined;
  return text.endsWith(KEPT)
    ? { orderId: text.slice(0, -KEPT.length), ours: false }
    : { orderId: text, ours: true };
}

export function formatCordonMark(mark: CordonMark): string {
  return mark.ours ? mark.orderId : `${mark.orderId}${KEPT}`;
}
