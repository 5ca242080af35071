import type { Command } from 'commander';
import { addClusterOptions } from './cluster-options.ts';
import type { HistoryOptions } from './history.ts';

/** The rest is loaded only when it is asked for. */
export function addHistory(program: Command): void {
  const command = program
    .command('history')
    .argument('[plan]', 'name of a Plan, which may be gone; without it all runs are listed')
    .description(
      'list the runs of Plans, and of one Plan what became of its last run, when, and by whom; changes nothing',
    )
    .option('-w, --watch', 'go on, and show every change');
  addClusterOptions(command, { wide: true })
    .addHelpText('after', '\nExit: 0 it was listed, 1 the cluster cannot be read, 2 bad input')
    .action(async (plan: string | undefined, options: HistoryOptions) => {
      const { runHistory } = await import('./history.ts');
      process.exitCode = await runHistory(plan, options);
    });
}
