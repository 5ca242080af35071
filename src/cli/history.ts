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
import { watchIt } from './watch.ts';

export interface HistoryOptions extends ClusterOptions {
  readonly watch?: boolean;
}

/** Prints the runs of all Plans, or of one, once or again and again. @returns the exit code */
export async function runHistory(
  plan: string | undefined,
  options: HistoryOptions,
): Promise<number> {
  let kube: Kube | undefined;
  try {
    kube = connect({ ...options, version: AUTOPILOT_VERSION });
    const look = () => read(kube!, plan);
    const text = (runs: readonly UpdateRun[]) => {
      const paint = paintFor(process.stdout, process.env);
      const { output } = options;
      return outputText(output, runs.map(told), () =>
        historyText(runs, { plan, wide: output === 'wide' }, paint),
      );
    };
    if (options.watch === true) await watchIt({ look, text, output: options.output });
    else process.stdout.write(text(await look()));
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

/** The newest first. @throws ConfigError where no run of the Plan is kept */
async function read(kube: Kube, plan: string | undefined): Promise<readonly UpdateRun[]> {
  const all = (await list(kube, UPDATE_RUNS)).map((raw) => updateRunSchema.parse(raw));
  const runs = all
    .filter(({ spec }) => plan === undefined || spec.plan === plan)
    .toSorted((a, b) => startOf(b) - startOf(a));
  if (plan !== undefined && runs.length === 0) {
    const names = [...new Set(all.map(({ spec }) => spec.plan))].join(', ') || 'none';
    throw new ConfigError(`no run of Plan ${plan} is kept, found runs of ${names}`);
  }
  return runs;
}

function startOf({ metadata, status }: UpdateRun): number {
  return Date.parse(status?.startedAt ?? metadata.creationTimestamp ?? '') || 0;
}

function told({ metadata, spec, status }: UpdateRun) {
  return { name: metadata.name, ...spec, ...status };
}
