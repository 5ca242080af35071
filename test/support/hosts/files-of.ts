import type { Host } from './host.ts';

/** Of k0s, of kubectl, of the kernel, and what services print: it changes by itself. */
const NOT_OURS = [
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/tmp',
  '/var/tmp',
  '/root/.kube',
  '/var/lib/k0s',
  '/var/log/journal',
];
/** Written by the tools of users and by k0s while it runs. */
const CHANGES = /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$|^\/var\/log\/(k0s|rc)/;

/** Everything on a host's disk that an installation could have left, with what is in it below /etc. */
export async function filesOf(host: Host): Promise<ReadonlyMap<string, string>> {
  const pruned = NOT_OURS.flatMap((path) => ['-path', path, '-prune', '-o']);
  const listed = await host.must(['find', '/', ...pruned, '-printf', '%p %y %m %u:%g\\n']);
  const sums = await host.must(['sh', '-c', 'find /etc -type f -exec sha256sum {} +']);
  const found = new Map<string, string>();
  for (const line of listed.split('\n')) {
    const [, path = '', rest = ''] = /^(\/.*) (\S+ \S+ \S+)$/.exec(line) ?? [];
    if (path !== '' && !CHANGES.test(path)) found.set(path, rest);
  }
  for (const line of sums.split('\n')) {
    const [, sum = '', path = ''] = /^(\S+)\s+(\/.*)$/.exec(line) ?? [];
    if (found.has(path)) found.set(path, `${found.get(path)} ${sum}`);
  }
  return found;
}

/** What differs, one line each, sorted: `+ PATH`, `- PATH`, `~ PATH`. */
export function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const added = [...after.keys()].filter((path) => !before.has(path)).map((path) => `+ ${path}`);
  const gone = [...before.keys()].filter((path) => !after.has(path)).map((path) => `- ${path}`);
  const changed = [...before]
    .filter(([path, what]) => after.has(path) && after.get(path) !== what)
    .map(([path]) => `~ ${path}`);
  return [...added, ...gone, ...changed].sort();
}
