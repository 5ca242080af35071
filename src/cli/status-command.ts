import type { Command } from 'commander';
import { addClusterOptions } from './cluster-options.ts';
import type { StatusOptions } from './status.ts';

/** The rest is loaded only when it is asked for. */
export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .argument('[plan]', 'name of a Plan; without it all Plans and hosts are told')
    .description('show how Plans and hosts stand; changes nothing')
    .option('--node <name>', 'one host alone, with all that its agent reports')
    .option('-w, --watch', 'go on, and show every change');
  addClusterOptions(command, { wide: true })
    .addHelpText(
      'after',
      '\nExit: 0 nothing has failed, 1 a Plan has, or the cluster cannot be read, 2 bad input',
    )
    .action(async (plan: string | undefined, options: StatusOptions) => {
      const { runStatus } = await import('./status.ts');
      process.exitCode = await runStatus(plan, options);
    });
}
