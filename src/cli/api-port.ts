import { ConfigError } from '../config.ts';

/** Of `--api-port`. @throws ConfigError */
export function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new ConfigError(`--api-port: wanted 1 to 65535, found ${text}`);
}
