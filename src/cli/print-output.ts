import { stringify } from 'yaml';
import type { Format } from './cluster-options.ts';

/**
 * @param data for programs, in JSON or YAML
 * @param text lines for a person; asked for only where they are wanted
 * @returns what is printed, its last line end included
 */
export function outputText(format: Format, data: unknown, text: () => readonly string[]): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(data, undefined, 2)}\n`;
    case 'yaml':
      return stringify(data, { aliasDuplicateObjects: false });
    default:
      return `${text().join('\n')}\n`;
  }
}
