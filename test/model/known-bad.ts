import type { PlanSpec } from '../../src/api/plan.ts';
import { quarantineName } from '../../src/api/quarantined-artifact.ts';
import type { QuarantineFacts } from '../../src/plans/facts.ts';

/** The digest that simulated hosts fetch. */
const SHA_NEW = 'b'.repeat(64);

/**
 * For worlds that are not about quarantine: the objects that a failure would make are there already, and hold
 * nothing back.
 */
export function knownBad({ commands }: PlanSpec): QuarantineFacts[] {
  return commands.flatMap(({ k0supdate }) =>
    k0supdate === undefined
      ? []
      : [
          {
            name: quarantineName({ version: k0supdate.version, sha256: SHA_NEW }),
            version: k0supdate.version,
            sha256: 'of another file',
            message: 'it exits',
            run: 'another one',
          },
        ],
  );
}
