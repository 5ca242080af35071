import semver from 'semver';

/** A k0s version such as `v1.36.3+k0s.0`. */
export interface K0sVersion {
  readonly text: string;
  /** The Kubernetes part, as kubelets report it but for the `+k0s`: `1.36.3` or `1.37.0-rc.1`. */
  readonly release: string;
  readonly major: number;
  readonly minor: number;
  /** N of `+k0s.N`; -1 where there is none, which k0s orders below 0. */
  readonly build: number;
}

/**
 * What was parsed already: a cluster of thousands of nodes runs a handful of versions, and each of its nodes is
 * asked for its own at every look.
 */
const parsedBefore = new Map<string, K0sVersion | undefined>();
const REMEMBERED = 256;

/** @returns undefined for what k0s would not call a version (no `v`, upper case, not semver) */
export function parseK0sVersion(text: string): K0sVersion | undefined {
  if (parsedBefore.has(text)) return parsedBefore.get(text);
  if (parsedBefore.size >= REMEMBERED) parsedBefore.clear();
  const version = parse(text);
  parsedBefore.set(text, version);
  return version;
}

function parse(text: string): K0sVersion | undefined {
  if (!text.startsWith('v') || text !== text.toLowerCase()) return undefined;
  const parsed = semver.parse(text);
  if (parsed === null) return undefined;
  const build = /^k0s\.(\d+)/.exec(parsed.build.join('.'));
  return {
    text,
    release: parsed.version,
    major: parsed.major,
    minor: parsed.minor,
    build: build?.[1] === undefined ? -1 : Number(build[1]),
  };
}

/** Orders by release (pre-releases before it, by number), then by the build number that semver ignores. */
export function compareK0sVersions(a: K0sVersion, b: K0sVersion): number {
  if (a.release === b.release) return Math.sign(a.build - b.build);
  // Most differ here already, and a cluster of thousands is compared at every look.
  if (a.major !== b.major) return Math.sign(a.major - b.major);
  if (a.minor !== b.minor) return Math.sign(a.minor - b.minor);
  return semver.compare(releaseOf(a), releaseOf(b)) || Math.sign(a.build - b.build);
}

const releases = new Map<string, semver.SemVer>();

function releaseOf({ release }: K0sVersion): semver.SemVer {
  const known = releases.get(release);
  if (known !== undefined) return known;
  if (releases.size >= REMEMBERED) releases.clear();
  const parsed = new semver.SemVer(release);
  releases.set(release, parsed);
  return parsed;
}

/** @returns how many minor versions lie from one to the other; negative downwards, NaN across majors */
export function minorsBetween(from: K0sVersion, to: K0sVersion): number {
  return from.major === to.major ? to.minor - from.minor : Number.NaN;
}

/** @returns whether a kubelet that reports `kubelet` is the one that belongs to k0s version `k0s` */
export function isKubeletOf(kubelet: string, k0s: K0sVersion): boolean {
  return parseK0sVersion(kubelet)?.release === k0s.release;
}
