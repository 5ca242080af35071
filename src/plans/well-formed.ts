import { parseK0sVersion } from '../api/k0s-version.ts';
import type { AirgapUpdate, Command, K0sUpdate, TargetSpec } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';

/** What one command of a Plan asks for. */
export type Task =
  | { readonly kind: 'k0supdate'; readonly update: K0sUpdate }
  | { readonly kind: 'airgapupdate'; readonly update: AirgapUpdate };

export interface Flaw {
  readonly reason: Reason;
  /** With the path of the field, from the command on. */
  readonly message: string;
}

/** @returns what is wrong with the text of a command, everything at once; or what it asks for */
export function wellFormed({ k0supdate, airgapupdate }: Command): Task | readonly Flaw[] {
  if (k0supdate !== undefined && airgapupdate !== undefined) {
    const message = 'wanted k0supdate or airgapupdate, found both; make them two commands';
    return [{ reason: 'CommandAmbiguous', message }];
  }
  const flaws: Flaw[] = [];
  if (k0supdate !== undefined) {
    const { version, platforms, targets } = k0supdate;
    if (parseK0sVersion(version) === undefined) {
      flaws.push({
        reason: 'InvalidVersion',
        message: `k0supdate.version: wanted a k0s version such as v1.36.3+k0s.0, found ${JSON.stringify(version)}`,
      });
    }
    flaws.push(...platformFlaws('k0supdate', platforms));
    flaws.push(...limitFlaws('k0supdate.targets.workers', targets.workers));
    return flaws.length === 0 ? { kind: 'k0supdate', update: k0supdate } : flaws;
  }
  if (airgapupdate !== undefined) {
    const { version, platforms, workers } = airgapupdate;
    if (version === '') {
      flaws.push({
        reason: 'InvalidVersion',
        message: 'airgapupdate.version: wanted a name for the bundle, found ""',
      });
    }
    flaws.push(...platformFlaws('airgapupdate', platforms));
    flaws.push(...limitFlaws('airgapupdate.workers', workers));
    return flaws.length === 0 ? { kind: 'airgapupdate', update: airgapupdate } : flaws;
  }
  return [
    {
      reason: 'CommandEmpty',
      message: 'wanted k0supdate or airgapupdate, found neither',
    },
  ];
}

function platformFlaws(command: Task['kind'], platforms: K0sUpdate['platforms']): Flaw[] {
  const flaws: Flaw[] = [];
  for (const [platform, { url, sha256, mirrors = [] }] of Object.entries(platforms)) {
    const where = `${command}.platforms.${platform}`;
    const addresses = [
      ['url', url],
      ...mirrors.map((mirror, at) => [`mirrors[${at}]`, mirror] as const),
    ] as const;
    for (const [field, address] of addresses) {
      if (/^https?:\/\/[^/]/i.test(address) && URL.canParse(address)) continue;
      flaws.push({
        reason: 'InvalidUrl',
        message: `${where}.${field}: wanted http:// or https://, found ${JSON.stringify(address)}`,
      });
    }
    if (sha256 !== undefined && sha256 !== '' && !/^[0-9a-f]{64}$/i.test(sha256)) {
      flaws.push({
        reason: 'InvalidDigest',
        message: `${where}.sha256: wanted 64 hex digits, found ${JSON.stringify(sha256)}`,
      });
    }
  }
  return flaws;
}

function limitFlaws(where: string, target: TargetSpec | undefined): Flaw[] {
  const concurrent = target?.limits.concurrent ?? 1;
  if (concurrent >= 1) return [];
  return [
    {
      reason: 'InvalidLimit',
      message: `${where}.limits.concurrent: wanted 1 or more, found ${concurrent}, with which no worker could ever start`,
    },
  ];
}
