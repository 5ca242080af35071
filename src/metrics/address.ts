/** Only this host itself can ask. */
export const METRICS_ADDRESS = '127.0.0.1:9488';

/** Where the endpoint listens; `off`: nowhere. */
export type Listen =
  | { readonly kind: 'off' }
  | { readonly kind: 'on'; readonly host: string; readonly port: number };

/**
 * @param text `127.0.0.1:9488`, `[::1]:9488`, `localhost:9488`, port 0 for any that is free, or `off`
 * @returns a sentence where it is none of these
 */
export function parseListen(text: string): Listen | string {
  if (text === 'off') return { kind: 'off' };
  const [, bracketed, plain, digits = ''] =
    /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    return `wanted ADDRESS:PORT such as 127.0.0.1:9488 or [::1]:9488, or off; found ${text}`;
  }
  return { kind: 'on', host, port };
}

/** @returns true for addresses that only this host itself can reach */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
