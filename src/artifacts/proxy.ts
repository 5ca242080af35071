/**
 * Whether an address is asked directly although a proxy is set, by the rules of `NO_PROXY` that k0s goes by
 * as well: names with all below them (`example.com`; `.example.com` without the name itself), addresses,
 * IPv4 networks (`10.0.0.0/8`), `*`, each with a port if need be. Node's own reading knows neither names
 * below nor networks. What cannot be read is passed over.
 */
export function isDirect(url: URL, noProxy: string | undefined): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, '');
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return (noProxy ?? '')
    .split(/[\s,]+/)
    .filter((rule) => rule !== '')
    .some((rule) => follows(rule.toLowerCase(), host, port));
}

function follows(rule: string, host: string, port: string): boolean {
  if (rule === '*') return true;
  const [, bracketed, plain, wantedPort] =
    /^(?:\[([^\]]+)\]|([^:]+|[^:]*(?::[^:]*){2,}))(?::(\d+))?$/.exec(rule) ?? [];
  const name = bracketed ?? plain;
  if (name === undefined || (wantedPort !== undefined && wantedPort !== port)) return false;
  if (name.includes('/')) return isWithinNetwork(host, name);
  if (name === host) return true;
  if (isIpv4(host)) return false;
  return host.endsWith(name.replace(/^\*?\.?/, '.'));
}

function isWithinNetwork(host: string, network: string): boolean {
  const [base = '', length = ''] = network.split('/');
  const bits = Number(length);
  if (!isIpv4(host) || !isIpv4(base) || length === '' || !(bits >= 0 && bits <= 32)) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(numberOf(host) / size) === Math.floor(numberOf(base) / size);
}

function isIpv4(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text);
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
