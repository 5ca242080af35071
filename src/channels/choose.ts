import { type Follow, SEVERITIES, type Severity } from '../api/follow.ts';
import {
  compareK0sVersions,
  type K0sVersion,
  minorsBetween,
  parseK0sVersion,
} from '../api/k0s-version.ts';
import type { Reason } from '../api/reasons.ts';
import type { FailedRelease } from '../api/update-config.ts';
import type { QuarantineFacts } from '../plans/facts.ts';
import { whyBlocked, whyEdgeBlocked } from './blocked.ts';
import { isEarly } from './early.ts';
import { isoOf } from './iso-time.ts';
import type { Running } from './machines.ts';
import { parseMinor } from './minor.ts';
import type { Offered, OfferedRelease } from './offered.ts';

export interface ChooseFacts {
  readonly nowMs: number;
  readonly offered: Offered;
  readonly follow: Follow;
  readonly clusterId: string;
  readonly running: Running;
  /** When each version was seen here first, epoch milliseconds. */
  readonly seenMs: ReadonlyMap<string, number>;
  readonly failures: readonly FailedRelease[];
  readonly quarantined: readonly QuarantineFacts[];
  /** What the last Plan of this channel has completed: not done again for a machine that came later. */
  readonly completed?: string | undefined;
}

/** A release that is newer than what runs, and why it is not taken now. */
export interface Skip {
  readonly version: string;
  readonly reason: Reason;
  readonly message: string;
  /** When to look again, where time alone lets it in; epoch milliseconds. */
  readonly untilMs?: number | undefined;
}

export type Choice =
  | {
      readonly kind: 'take';
      /** What comes next. */
      readonly release: OfferedRelease;
      /** Where that leads: the same, unless the way goes through others. */
      readonly target: K0sVersion;
      readonly skipped: readonly Skip[];
    }
  | {
      readonly kind: 'none';
      /** `UpToDate`, `ChannelBackwards`, or why the newest is not taken. */
      readonly reason: Reason;
      readonly message: string;
      readonly skipped: readonly Skip[];
    };

/**
 * Which release follows on what runs. The newest that may be reached counts, by the fewest steps: a step goes up,
 * for controllers by at most one minor version, and over no edge that is blocked.
 */
export function choose(facts: ChooseFacts): Choice {
  const { running, offered } = facts;
  const { lowest, highest } = running;
  if (lowest === undefined || highest === undefined) {
    const message = 'no machine that the UpdateConfig is about has told its version yet';
    return { kind: 'none', reason: 'AgentMissing', message, skipped: [] };
  }
  const newest = offered.releases.at(-1);
  if (newest === undefined || compareK0sVersions(newest.version, highest) < 0) {
    const found = newest === undefined ? 'nothing' : `${newest.version.text} as its newest`;
    const message = `the channel offers ${found}, while ${highest.text} runs on ${namesOf(running, highest)}: versions do not go back`;
    return { kind: 'none', reason: 'ChannelBackwards', message, skipped: [] };
  }
  const newer = offered.releases.filter(
    ({ version }) =>
      compareK0sVersions(version, lowest) > 0 &&
      compareK0sVersions(version, highest) >= 0 &&
      version.text !== facts.completed,
  );
  const skipped = new Map<string, Skip>();
  const steps = newer.filter((release) => {
    const why = whyNot(release, facts);
    if (why !== undefined)
      skipped.set(release.version.text, { version: release.version.text, ...why });
    return why === undefined;
  });
  const ways = waysThrough(steps, facts);
  for (const { version } of steps) {
    if (!ways.has(version.text)) skipped.set(version.text, noWay(version, facts));
  }
  const targets = steps.filter((release) => {
    if (!ways.has(release.version.text)) return false;
    const why = unwanted(release, facts);
    if (why !== undefined)
      skipped.set(release.version.text, { version: release.version.text, ...why });
    return why === undefined;
  });
  const told = [...skipped.values()].reverse().sort(byVersionDown);
  const target = targets.at(-1);
  if (target !== undefined) {
    const release = ways.get(target.version.text)!;
    return { kind: 'take', release, target: target.version, skipped: told };
  }
  const first = told[0];
  if (first !== undefined) {
    return {
      kind: 'none',
      reason: first.reason,
      message: `${first.version}: ${first.message}`,
      skipped: told,
    };
  }
  const behind = running.targets.filter(
    ({ version }) => version !== undefined && compareK0sVersions(version, newest.version) < 0,
  );
  const left =
    behind.length === 0
      ? ''
      : `; its Plan has completed, and ${behind.length} of the machines run something older since`;
  const message = `${newest.version.text} is the newest that the channel offers${left}`;
  return { kind: 'none', reason: 'UpToDate', message, skipped: [] };
}

type Why = Omit<Skip, 'version'>;

/** Why a release may not even be passed through. */
function whyNot(release: OfferedRelease, facts: ChooseFacts): Why | undefined {
  const { offered, follow, running, nowMs } = facts;
  const { version } = release;
  const blocked = whyBlocked(offered, version.text);
  if (blocked !== undefined) {
    return { reason: 'ReleaseBlocked', message: `the channel has taken it back: ${blocked}` };
  }
  if (follow.patchOnly && minorsBetween(running.lowest!, version) !== 0) {
    const { major, minor } = running.lowest!;
    return unwantedFor(`patchOnly is set, and v${major}.${minor} runs`);
  }
  if (follow.pin !== undefined && isAbovePin(version, follow.pin)) {
    return unwantedFor(`pinned to ${follow.pin}`);
  }
  const { lowestController } = running;
  if (
    !running.hasControllers &&
    lowestController !== undefined &&
    isAboveRelease(version, lowestController)
  ) {
    const message = `workers may not be newer than the controllers, which run ${lowestController.text}`;
    return { reason: 'KubeletTooNew', message };
  }
  const lacking = lackingPlatform(release, running);
  if (lacking !== undefined) return { reason: 'PlatformMissing', message: lacking };
  const bad = quarantineOn(release, facts);
  if (bad !== undefined) return { reason: 'Quarantined', message: bad };
  const failure = facts.failures.find((one) => one.version === version.text);
  if (failure !== undefined) {
    const said = `it has failed here (${failure.reason}: ${failure.message})`;
    if (failure.retryAt === undefined) {
      const message = `${said}, and a person has ended it; to take it again: autopilot retry autopilot`;
      return { reason: 'ReleaseFailed', message };
    }
    const untilMs = Date.parse(failure.retryAt);
    const message = `${said}; tried again from ${isoOf(untilMs)} on`;
    if (nowMs < untilMs) return { reason: 'ReleaseFailed', message, untilMs };
  }
  return tooYoung(release, facts);
}

/** Why a release is not what is wanted in the end, though it may be passed through. */
function unwanted(release: OfferedRelease, { follow, running }: ChooseFacts): Why | undefined {
  const { pin, securityOnly } = follow;
  if (pin !== undefined && !isOfPin(release.version, pin)) return unwantedFor(`pinned to ${pin}`);
  // What some machines run already is brought to the others whatever it mends.
  if (!securityOnly || release.version.text === running.highest?.text) return undefined;
  if (release.severity === undefined) {
    return unwantedFor('securityOnly is set, and the index does not say what it mends');
  }
  return release.severity === 'none'
    ? unwantedFor('securityOnly is set, and it mends no weakness')
    : undefined;
}

function unwantedFor(message: string): Why {
  return { reason: 'ReleaseNotWanted', message };
}

function tooYoung(release: OfferedRelease, facts: ChooseFacts): Why | undefined {
  const { follow, nowMs, clusterId } = facts;
  const { releasedMs, severity } = release;
  const waives = isAtLeast(severity, follow.urgent);
  const isFirst = follow.early === undefined || isEarly(clusterId, follow.early.share);
  const aheadMs = isFirst ? 0 : (follow.early?.aheadMs ?? 0);
  const waitMs = (waives ? 0 : follow.minAgeMs) + aheadMs;
  if (waitMs === 0) return undefined;
  const bornMs = releasedMs ?? facts.seenMs.get(release.version.text) ?? nowMs;
  const untilMs = bornMs + waitMs;
  if (nowMs >= untilMs) return undefined;
  const since =
    releasedMs === undefined
      ? `seen here first at ${isoOf(bornMs)}`
      : `released at ${isoOf(bornMs)}`;
  const why = [
    ...(waives || follow.minAgeMs === 0 ? [] : ['minAge']),
    ...(aheadMs === 0
      ? []
      : [`the share of ${follow.early!.share} in a hundred clusters that go first`]),
  ].join(' and ');
  return {
    reason: 'ReleaseTooYoung',
    message: `${since}, waits for ${why} until ${isoOf(untilMs)}`,
    untilMs,
  };
}

function isAtLeast(severity: Severity | undefined, least: Severity | undefined): boolean {
  if (severity === undefined || least === undefined) return false;
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}

function lackingPlatform(release: OfferedRelease, running: Running): string | undefined {
  const lacks = (platforms: ReadonlySet<string>, part: 'k0s' | 'airgap') =>
    [...platforms].filter((name) => release.platforms.get(name)?.[part] === undefined).sort();
  const binaries = lacks(running.binaryPlatforms, 'k0s');
  if (binaries.length > 0) return `the channel has no binary of it for ${binaries.join(', ')}`;
  const bundles = lacks(running.bundlePlatforms, 'airgap');
  return bundles.length > 0
    ? `the channel has no image bundle of it for ${bundles.join(', ')}`
    : undefined;
}

/** An artifact that was found bad here; without a digest the version alone has to tell. */
function quarantineOn(release: OfferedRelease, facts: ChooseFacts): string | undefined {
  const digests = [...facts.running.binaryPlatforms].map(
    (name) => release.platforms.get(name)?.k0s?.sha256,
  );
  const found = facts.quarantined.find(
    ({ version, sha256 }) =>
      version === release.version.text &&
      (digests.includes(sha256) || digests.some((digest) => digest === undefined)),
  );
  return (
    found &&
    `QuarantinedArtifact ${found.name} holds it back (${found.message}); once it is known to be good: kubectl delete quarantinedartifact ${found.name}`
  );
}

/**
 * Which releases can be reached, and what the first step there is.
 * @param steps oldest first
 */
function waysThrough(
  steps: readonly OfferedRelease[],
  facts: ChooseFacts,
): ReadonlyMap<string, OfferedRelease> {
  const starts = [...new Set(facts.running.targets.map(({ version }) => version!))];
  const first = new Map<string, OfferedRelease>();
  let edge: OfferedRelease[] = [];
  // The newest first: of ways that are equally long, the one that mends most with its first step.
  for (const release of steps.toReversed()) {
    const isOpen = starts.every(
      (from) =>
        compareK0sVersions(from, release.version) >= 0 ||
        whyNoStep(from, release, facts) === undefined,
    );
    if (!isOpen) continue;
    first.set(release.version.text, release);
    edge.push(release);
  }
  while (edge.length > 0) {
    const next: OfferedRelease[] = [];
    for (const from of edge) {
      for (const release of steps.toReversed()) {
        if (first.has(release.version.text)) continue;
        if (compareK0sVersions(from.version, release.version) >= 0) continue;
        if (whyNoStep(from.version, release, facts) !== undefined) continue;
        first.set(release.version.text, first.get(from.version.text)!);
        next.push(release);
      }
    }
    edge = next;
  }
  return first;
}

/** Why one version cannot follow straight on another. */
function whyNoStep(
  from: K0sVersion,
  { version }: OfferedRelease,
  { offered, running }: ChooseFacts,
): Why | undefined {
  const edge = whyEdgeBlocked(offered, from, version.text);
  if (edge !== undefined) {
    const message = `the channel forbids to go there from ${from.text}: ${edge}`;
    return { reason: 'ReleaseBlocked', message };
  }
  if (!running.hasControllers) return undefined;
  const minors = minorsBetween(from, version);
  if (minors <= 1) return undefined;
  const message = Number.isNaN(minors)
    ? `another major version than ${from.text} is for a person to go to`
    : `controllers go one minor version at a time, and the channel offers nothing that may be taken between ${from.text} and it`;
  return { reason: 'SkewTooWide', message };
}

function noWay(version: K0sVersion, facts: ChooseFacts): Skip {
  const release = facts.offered.releases.find((one) => one.version.text === version.text)!;
  const why = facts.running.targets
    .map((machine) => whyNoStep(machine.version!, release, facts))
    .find((one) => one !== undefined);
  // Every way there has a step that is closed, so one straight from what runs is closed as well.
  return { version: version.text, reason: 'SkewTooWide', message: '', ...why };
}

function isOfPin(version: K0sVersion, pin: string): boolean {
  const minor = parseMinor(pin);
  if (minor !== undefined) return version.major === minor.major && version.minor === minor.minor;
  return version.text === pin;
}

function isAbovePin(version: K0sVersion, pin: string): boolean {
  const minor = parseMinor(pin);
  if (minor !== undefined) {
    return (
      version.major > minor.major || (version.major === minor.major && version.minor > minor.minor)
    );
  }
  const pinned = parseK0sVersion(pin);
  return pinned !== undefined && compareK0sVersions(version, pinned) > 0;
}

/** Builds of one release are the same to a kubelet. */
function isAboveRelease(version: K0sVersion, bound: K0sVersion): boolean {
  return version.release !== bound.release && compareK0sVersions(version, bound) > 0;
}

function namesOf({ targets }: Running, version: K0sVersion): string {
  const names = targets.filter((one) => one.version?.text === version.text).map(({ name }) => name);
  return names.length > 3 ? `${names.length} machines` : names.join(', ');
}

function byVersionDown(a: Skip, b: Skip): number {
  return compareK0sVersions(parseK0sVersion(b.version)!, parseK0sVersion(a.version)!);
}
