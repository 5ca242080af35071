import { type UpdateRun, updateRunSchema } from '../api/update-run.ts';
import { ConfigError } from '../config.ts';
import { connect, type Kube } from '../kube/client.ts';
import { UPDATE_RUNS } from '../kube/target-path.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { historyText } from './history-print.ts';
import { list } from './preview-list.ts';
import { outputText } from './print-output.ts';
import { paintFor } from './print-paint.ts';
import { isExpected, troubleOf } from './print-trouble.ts';

export type HistoryOptions = ClusterOptions;

/** Prints the runs of all Plans, or of one. @returns the exit code */
export async function runHistory(
  plan: string | undefined,
  options: HistoryOptions,
): Promise<number> {
  let kube: Kube | undefined;
  try {
    kube = connect({ ...options, version: AUTOPILOT_VERSION });
    const all = (await list(kube, UPDATE_RUNS)).map((raw) => updateRunSchema.parse(raw));
    const runs = all
      .filter(({ spec }) => plan === undefined || spec.plan === plan)
      .toSorted((a, b) => startOf(b) - startOf(a));
    if (plan !== undefined && runs.length === 0) {
      const names = [...new Set(all.map(({ spec }) => spec.plan))].join(', ') || 'none';
      throw new ConfigError(`no run of Plan ${plan} is kept, found runs of ${names}`);
    }
    const paint = paintFor(process.stdout, process.env);
    process.stdout.write(
      outputText(options.output, runs.map(told), () => historyText(runs, plan, paint)),
    );
    return EXIT.fine;
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    const { sentence, exitCode } = troubleOf(thrown, kube?.server ?? '');
    process.stderr.write(`autopilot history: ${sentence}\n`);
    return exitCode;
  } finally {
    await kube?.close();
  }
}

function startOf({ metadata, status }: UpdateRun): number {
  return Date.parse(status?.startedAt ?? metadata.creationTimestamp ?? '') || 0;
}

function told({ metadata, spec, status }: UpdateRun) {
  return { name: metadata.name, ...spec, ...status };
}
