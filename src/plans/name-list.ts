const SHOWN_NAMES = 5;

/** `w-1, w-2 and 7 more` */
export function nameList(all: readonly string[]): string {
  const shown = all.slice(0, SHOWN_NAMES);
  const rest = all.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
