import type { Command, PlanSpec } from '../api/plan.ts';
import type { MaintenanceWindow } from '../api/policy-time.ts';
import type { CommandTemplate } from '../api/update-config.ts';
import { templatesOf } from './machines.ts';
import type { OfferedRelease } from './offered.ts';

/** The one name that k0s acts upon, and that others look for. */
export const CHANNEL_PLAN = 'autopilot';

/** What a Plan of a channel is known by. */
export interface PlanId {
  readonly config: string;
  readonly version: string;
  /** Counts the Plans with this version; the first is 1. */
  readonly attempt: number;
}

/** The same for the same attempt, whichever leader makes it. */
export function formatPlanId({ config, version, attempt }: PlanId): string {
  return `${config}:${version}:${attempt}`;
}

/** @returns undefined for what no channel has made */
export function parsePlanId(id: string): PlanId | undefined {
  const [, config, version, attempt] = /^([^:]+):(v[^:]+):(\d{1,9})$/.exec(id) ?? [];
  if (config === undefined || version === undefined) return undefined;
  return { config, version, attempt: Number(attempt) };
}

/**
 * The Plan of one release: the commands of the UpdateConfig with version and artifacts filled in.
 * @param windows in which its nodes may be begun; undefined: as the policy says
 */
export function planSpecOf(
  id: PlanId,
  release: OfferedRelease,
  commands: readonly CommandTemplate[] | undefined,
  options: {
    readonly timestamp: string;
    readonly windows: readonly MaintenanceWindow[] | undefined;
  },
): PlanSpec {
  return {
    id: formatPlanId(id),
    timestamp: options.timestamp,
    commands: templatesOf(commands).flatMap((template) => commandsOf(template, release)),
    ...(options.windows === undefined ? {} : { policy: { windows: [...options.windows] } }),
  };
}

/**
 * An item with both commands is two: k0s's own example writes them so, and means that the bundle goes first. k0s
 * itself leaves the bundle out.
 */
function commandsOf(
  { k0supdate, airgapupdate }: CommandTemplate,
  release: OfferedRelease,
): Command[] {
  const version = release.version.text;
  const commands: Command[] = [];
  if (airgapupdate !== undefined) {
    const { workers } = airgapupdate;
    commands.push({ airgapupdate: { version, platforms: filesOf(release, 'airgap'), workers } });
  }
  if (k0supdate !== undefined) {
    const { forceupdate, targets } = k0supdate;
    const force = forceupdate === undefined ? {} : { forceupdate };
    commands.push({
      k0supdate: { version, ...force, platforms: filesOf(release, 'k0s'), targets },
    });
  }
  return commands;
}

function filesOf(release: OfferedRelease, part: 'k0s' | 'airgap') {
  return Object.fromEntries(
    [...release.platforms].flatMap(([name, platform]) => {
      const file = platform[part];
      if (file === undefined) return [];
      const { url, sha256 } = file;
      return [[name, sha256 === undefined ? { url } : { url, sha256 }]];
    }),
  );
}
