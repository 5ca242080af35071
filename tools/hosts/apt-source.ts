/** Where this machine gets Debian from. */
export interface AptSource {
  readonly mirror: string;
  readonly suite: string;
  /** Path of the keys that sign it; debootstrap's own choice when the source names none. */
  readonly keyring?: string;
}

/** A file of /etc/apt, and what is in it. */
export interface AptFile {
  readonly name: string;
  readonly text: string;
}

interface Entry {
  readonly types: readonly string[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
}

/** What debootstrap can fetch from. */
const URI = /^(https?|file|copy):/;

/**
 * Finds the archive that this machine was installed from: the first one that has `main` of the release,
 * not of its updates or backports.
 * @param files of /etc/apt: `sources.list`, `*.list` (one line each) and `*.sources` (deb822)
 * @param codename of this machine's Debian, e.g. `bookworm`
 * @throws Error that names the files that were read
 */
export function findAptSource(files: readonly AptFile[], codename: string): AptSource {
  const aliases = [codename, 'stable', 'testing', 'unstable', 'sid'];
  for (const { types, uris, suites, components, signedBy } of files.flatMap(entriesOf)) {
    const mirror = uris.find((uri) => URI.test(uri));
    const suite = suites.find((name) => aliases.includes(name));
    if (!types.includes('deb') || !components.includes('main')) continue;
    if (mirror === undefined || suite === undefined) continue;
    // Keys that stand in the file itself are left to debootstrap, which knows Debian's.
    const keyring = signedBy?.startsWith('/') ? { keyring: signedBy } : {};
    return { mirror: mirror.replace(/\/+$/, ''), suite, ...keyring };
  }
  const read = files.map(({ name }) => name).join(', ') || 'no file';
  throw new Error(
    `found no source of Debian packages with main of ${codename} by http, https or file in /etc/apt (read ${read})`,
  );
}

function entriesOf({ name, text }: AptFile): readonly Entry[] {
  if (name.endsWith('.sources')) return deb822(text);
  return name.endsWith('.list') ? oneLine(text) : [];
}

/** @see sources.list(5), "ONE-LINE-STYLE FORMAT" */
function oneLine(text: string): readonly Entry[] {
  return text.split('\n').flatMap((line) => {
    const found = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (found === null) return [];
    const [, type = '', options = '', uri = '', suite = '', components = ''] = found;
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1];
    return [
      { types: [type], uris: [uri], suites: [suite], components: words(components), signedBy },
    ];
  });
}

/** @see sources.list(5), "DEB822-STYLE FORMAT" */
function deb822(text: string): readonly Entry[] {
  const withoutComments = text.replaceAll(/^#.*\n?/gm, '');
  return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    // A line that begins with a space goes on with the field before it.
    for (const line of stanza.replaceAll(/\n[ \t]+/g, ' ').split('\n')) {
      const [, field, value = ''] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
      if (field !== undefined) fields.set(field.toLowerCase(), value.trim());
    }
    const list = (field: string) => words(fields.get(field) ?? '');
    if (fields.get('enabled')?.toLowerCase() === 'no') return [];
    return [
      {
        types: list('types'),
        uris: list('uris'),
        suites: list('suites'),
        components: list('components'),
        signedBy: fields.get('signed-by'),
      },
    ];
  });
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
